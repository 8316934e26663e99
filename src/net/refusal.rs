//! Why TLS was refused, by us or by the other side, in words of what to check.

use crate::model::Cause;
use crate::net::belief::is_of_authority;
use crate::net::trust::{Facts, Settings};
use rustls::AlertDescription;
use rustls::CertificateError;
use rustls::PeerIncompatible;
use std::error::Error;
use std::io;

/// What a refusal means.
pub(super) struct Told {
    pub(super) cause: Cause,
    /// Whether it is about our certificate and not about theirs.
    pub(super) of_us: bool,
}

/// Finds the error of TLS in another error and puts it into words.
pub(super) fn refusal(error: &(dyn Error + 'static), settings: &Settings) -> Option<Told> {
    within(error).map(|error| in_words(error, &settings.facts))
}

/// Says whether an error is one of TLS.
pub(super) fn of_tls(error: &(dyn Error + 'static)) -> bool {
    within(error).is_some()
}

fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what is rare is told as it comes")]
fn in_words(error: &rustls::Error, facts: &Facts) -> Told {
    let theirs = |text: String| Told { cause: Cause::new(text), of_us: false };
    match error {
        rustls::Error::InvalidCertificate(error) => theirs(of_certificate(error, facts)),
        rustls::Error::AlertReceived(alert) => of_alert(*alert, facts),
        rustls::Error::InvalidMessage(_) => {
            theirs(format!("what answers does not speak TLS ({error}); check scheme and port"))
        }
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => theirs("the server knows only TLS older than 1.2; it needs a newer set-up".to_owned()),
        other => theirs(other.to_string()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what is rare is told as it comes")]
fn of_certificate(error: &CertificateError, facts: &Facts) -> String {
    let clock = "check the certificate, and the clock here";
    match error {
        CertificateError::ExpiredContext { time, not_after } => format!(
            "the server's certificate, or one that leads to it, expired on {}, and now is {}; {clock}",
            day(not_after.as_secs()),
            day(time.as_secs())
        ),
        CertificateError::Expired => format!("the server's certificate has expired; {clock}"),
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "the server's certificate, or one that leads to it, is not valid before {}, and now is \
             {}; {clock}",
            day(not_before.as_secs()),
            day(time.as_secs())
        ),
        CertificateError::NotValidYet => {
            format!("the server's certificate is not valid yet; {clock}")
        }
        CertificateError::UnknownIssuer => {
            format!("the server's certificate comes from an unknown authority; {}", known(facts))
        }
        CertificateError::BadSignature => format!(
            "the server's certificate comes from an unknown authority that has the name of a known \
             one; {}",
            known(facts)
        ),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names = if presented.is_empty() {
                "no name at all (in subjectAltName, which alone counts)".to_owned()
            } else {
                presented.join(", ")
            };
            format!(
                "the server's certificate is not for {}, but for {names}; check the host in the URL",
                expected.to_str()
            )
        }
        CertificateError::NotValidForName => {
            "the server's certificate is for another name; check the host in the URL".to_owned()
        }
        CertificateError::Revoked => {
            "the server's certificate was revoked; it needs a new one".to_owned()
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the server's certificate is not meant for servers; it needs another one".to_owned()
        }
        other if is_of_authority(other) => {
            "the server's certificate is that of an authority, and not among those that are believed; \
             add this very certificate by ca-file, or give the server one that an authority signed"
                .to_owned()
        }
        other => format!("the server's certificate cannot be used: {other}"),
    }
}

/// Which authorities are believed, and what to do about that.
fn known(facts: &Facts) -> String {
    if !facts.authorities.is_empty() {
        let files: Vec<_> =
            facts.authorities.iter().map(|path| path.display().to_string()).collect();
        return format!(
            "believed are those in {}, in place of the system's; check that the server's is among \
             them, and that the server sends the certificates in between",
            files.join(", ")
        );
    }
    if facts.count == 0 {
        return "the system has no certificates of authorities; name a file of them by ca-file"
            .to_owned();
    }
    format!(
        "believed are the {} of the system; add the server's by ca-file, or let the server send the \
         certificates in between",
        facts.count
    )
}

/// What the other side says when it hangs up. It sees no certificate but ours.
#[expect(clippy::wildcard_enum_match_arm, reason = "what is rare is told as it comes")]
fn of_alert(alert: AlertDescription, facts: &Facts) -> Told {
    let ours = match &facts.identity {
        Some(path) => format!("our certificate in {}", path.display()),
        None => "the certificate that we do not have (client-cert)".to_owned(),
    };
    let (text, of_us) = match alert {
        AlertDescription::CertificateRequired => {
            let check = if facts.identity.is_some() {
                "it did not get ours, as it asks for one of other authorities or as it is another host"
            } else {
                "name one by client-cert and client-key"
            };
            (format!("the server wants a client certificate; {check}"), true)
        }
        AlertDescription::CertificateExpired => (format!("{ours} has expired"), true),
        AlertDescription::CertificateRevoked => (format!("{ours} was revoked"), true),
        AlertDescription::UnknownCA => (
            format!("the server does not know the authority of {ours}; check which one it believes"),
            true,
        ),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => {
            (format!("the server does not accept {ours} ({alert:?})"), true)
        }
        AlertDescription::HandshakeFailure => (
            "the server found nothing in common with us (HandshakeFailure); check its TLS versions \
             and ciphers, and whether it wants a client certificate"
                .to_owned(),
            false,
        ),
        AlertDescription::ProtocolVersion => {
            ("the server knows only TLS older than 1.2; it needs a newer set-up".to_owned(), false)
        }
        AlertDescription::UnrecognisedName => {
            ("the server does not know the name in the URL; check its host".to_owned(), false)
        }
        other => (format!("the server ended TLS with the alert {other:?}"), false),
    };
    Told { cause: Cause::new(text), of_us }
}

fn day(seconds: u64) -> String {
    let second = i64::try_from(seconds).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(second).map_or_else(|_| seconds.to_string(), |at| at.to_string())
}
