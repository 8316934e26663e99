//! A text with places that are filled in when it is sent.
//!
//! A place is written `{name}`. All other braces stand for themselves, so that a template may be
//! JSON. If it is, what is filled in is written as it must be within a JSON string.

use std::fmt;

/// What can be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The commit.
    Hash,
    /// The commit before it.
    Previous,
    /// The ref that is followed.
    Ref,
    /// The repository, without its password.
    Repo,
    /// What happened.
    Event,
    /// When.
    Time,
    /// What went wrong.
    Error,
}

impl Field {
    /// Each of them.
    pub const ALL: [Self; 7] =
        [Self::Hash, Self::Previous, Self::Ref, Self::Repo, Self::Event, Self::Time, Self::Error];

    /// How it is written between braces.
    pub fn label(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Previous => "previous",
            Self::Ref => "ref",
            Self::Repo => "repo",
            Self::Event => "event",
            Self::Time => "time",
            Self::Error => "error",
        }
    }
}

/// A template that can be filled.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
    json: bool,
}

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

/// Why a text is no template. It does not hold the text, which may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is no such field.
    #[error(
        "there is no field {{{0}}}; there are {{hash}}, {{previous}}, {{ref}}, {{repo}}, {{event}}, {{time}} and {{error}}"
    )]
    Unknown(String),
    /// It begins as an object of JSON does, and is none.
    #[error("begins as JSON does and is none (line {line}, column {column})")]
    Json {
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
    },
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let name = after.split_once('}').filter(|(name, _)| is_name(name));
            let Some((name, behind)) = name else {
                parts.push(Part::Text(format!("{before}{{")));
                rest = after;
                continue;
            };
            let field = Field::ALL.into_iter().find(|field| field.label() == name);
            let field = field.ok_or_else(|| TemplateError::Unknown(name.to_owned()))?;
            parts.extend([Part::Text(before.to_owned()), Part::Field(field)]);
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        let mut template = Self { text: text.to_owned(), parts, json: false };
        let tried = serde_json::from_str::<serde_json::Value>(&template.fill(|_| "x".to_owned()));
        template.json = match tried {
            Ok(value) => value.is_object() || value.is_array(),
            Err(error) if begins_as_object(text) => {
                return Err(TemplateError::Json { line: error.line(), column: error.column() });
            }
            Err(_) => false,
        };
        Ok(template)
    }

    /// Whether it is JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Fills every place.
    pub fn fill(&self, value: impl Fn(Field) -> String) -> String {
        let fill = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Field(field) if self.json => inside_json(&value(*field)),
            Part::Field(field) => value(*field),
        };
        self.parts.iter().map(fill).collect()
    }

    /// The text that it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").field("json", &self.json).finish_non_exhaustive()
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn begins_as_object(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('{');
    inside.is_some_and(|inside| inside.trim_start().starts_with('"'))
}

/// Writes a text as it is within a JSON string.
fn inside_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inside = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inside.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> String {
        Template::parse(text).unwrap().fill(|field| format!("<{}>", field.label()))
    }

    #[test]
    fn places_are_filled_and_other_braces_stay() {
        assert_eq!(fill("{hash} of {repo}"), "<hash> of <repo>");
        assert_eq!(fill("{{hash}} {} { {\u{fc}} {Hash} }"), "{<hash>} {} { {\u{fc}} {Hash} }");
        assert_eq!(fill(r#"{"a": {"b": "{ref}"}}"#), r#"{"a": {"b": "<ref>"}}"#);
        assert_eq!(fill(""), "");
    }

    #[test]
    fn a_field_that_does_not_exist_is_told() {
        let told = Template::parse("{hsh}").unwrap_err().to_string();
        assert!(
            told.starts_with("there is no field {hsh}; there are {hash}, {previous}"),
            "{told}"
        );
    }

    #[test]
    fn what_is_filled_into_json_stays_within_its_string() {
        let template = Template::parse(r#"["{error}"]"#).unwrap();
        assert!(template.is_json());
        let filled = template.fill(|_| "a \"b\"\n\\ \u{1}".to_owned());
        let read: Vec<String> = serde_json::from_str(&filled).unwrap();
        assert_eq!(read, ["a \"b\"\n\\ \u{1}"]);
    }

    #[test]
    fn what_is_no_json_is_text_unless_it_looks_so() {
        for text in ["{hash}", "[{event}] {hash}", "\"{hash}\"", "hash={hash}"] {
            let template = Template::parse(text).unwrap();
            assert!(!template.is_json(), "{text}");
            assert!(template.fill(|_| "\"".to_owned()).contains('"'));
        }
        let told = Template::parse("{ \"a\": {hash} }").unwrap_err();
        assert_eq!(told, TemplateError::Json { line: 1, column: 8 });
    }
}
