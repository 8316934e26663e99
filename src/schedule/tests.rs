//! The machine by table and by chance.

use super::*;
use proptest::prelude::*;
use std::num::NonZeroU64;

const PERIOD: Duration = Duration::from_mins(1);
const JITTER: Duration = Duration::from_secs(6);

fn policy() -> Policy {
    Policy {
        period: Some(PERIOD),
        jitter: JITTER,
        init_period: Duration::from_secs(1),
        max_failures: NonZeroU64::new(3),
        init_max_failures: NonZeroU64::new(2),
        grows: true,
        one_time: false,
        gives_up: true,
        phase: None,
    }
}

/// Plays events and returns the effects; rests as whole seconds from now.
fn play(policy: Policy, events: &[Event]) -> Vec<String> {
    let mut machine = Machine::new(policy);
    let now = Instant::now();
    let say = |effect| match effect {
        Effect::Rest(Some(until)) => format!("rest {}", (until - now).as_secs_f64().round()),
        Effect::Rest(None) => "rest".to_owned(),
        Effect::Start(trigger) => format!("start by {trigger}"),
        Effect::Nothing => "nothing".to_owned(),
        Effect::Done => "done".to_owned(),
        Effect::GiveUp => "give up".to_owned(),
    };
    events.iter().map(|event| say(machine.step(now, 0.5, *event))).collect()
}

#[test]
fn a_success_is_followed_by_the_period() {
    let effects = play(policy(), &[Event::Asked(Trigger::Start), Event::Succeeded, Event::Due]);
    assert_eq!(effects, ["start by start", "rest 60", "start by period"]);
}

#[test]
fn triggers_during_an_attempt_cause_one_more() {
    let events = [
        Event::Asked(Trigger::Start),
        Event::Asked(Trigger::Signal),
        Event::Asked(Trigger::Signal),
        Event::Succeeded,
        Event::Succeeded,
    ];
    let effects = play(policy(), &events);
    assert_eq!(effects, ["start by start", "nothing", "nothing", "start by signal", "rest 60"]);
}

#[test]
fn a_refusal_is_a_first_success_only_if_what_is_published_is_in_order() {
    for intact in [false, true] {
        let mut machine = Machine::new(policy());
        let now = Instant::now();
        machine.step(now, 0.5, Event::Asked(Trigger::Start));
        machine.step(now, 0.5, Event::Refused { intact });
        assert_eq!(machine.is_steady(), intact);
    }
    let only = Policy { one_time: true, ..policy() };
    let refused = Event::Refused { intact: true };
    assert_eq!(play(only, &[Event::Asked(Trigger::Start), refused]), ["start by start", "give up"]);
}

#[test]
fn failures_are_counted_apart_before_and_after_the_first_success() {
    let start = Event::Asked(Trigger::Start);
    let failed = Event::Failed(None);
    let initial = play(policy(), &[start, failed, Event::Due, failed]);
    assert_eq!(initial, ["start by start", "rest 1", "start by period", "give up"]);
    let steady =
        [start, Event::Succeeded, Event::Due, failed, Event::Due, failed, Event::Due, failed];
    let steady = play(policy(), &steady);
    assert_eq!(
        steady[3..],
        ["rest 60", "start by period", "rest 120", "start by period", "give up"]
    );
}

#[test]
fn one_among_many_polls_at_its_own_time() {
    let policy = Policy { phase: Some(0.25), ..policy() };
    let events = [Event::Asked(Trigger::Start), Event::Failed(None), Event::Due, Event::Succeeded];
    let effects = play(policy, &events);
    let rests: Vec<_> = effects.iter().filter(|effect| effect.starts_with("rest")).collect();
    assert_eq!(rests, ["rest 1", "rest 15"]);
}

#[test]
fn one_among_many_polls_as_often_as_others_and_comes_back_to_its_own_time_when_it_was_late() {
    let mut machine = Machine::new(Policy { phase: Some(0.25), ..policy() });
    let start = Instant::now();
    let mut succeeds_at = |second| {
        let now = start + Duration::from_secs(second);
        machine.step(now, 0.5, Event::Asked(Trigger::Start));
        let Effect::Rest(Some(due)) = machine.step(now, 0.5, Event::Succeeded) else {
            panic!("it does not rest");
        };
        (due - start).as_secs()
    };
    let dues = [0, 15, 95, 135, 195 + 50, 275].map(&mut succeeds_at);
    assert_eq!(dues, [15, 75, 135, 195, 275, 315]);
}

#[test]
fn one_among_many_goes_on_after_too_many_failures() {
    let mut machine = Machine::new(Policy { gives_up: false, ..policy() });
    let now = Instant::now();
    let mut step = |event| {
        machine.step(now, 0.5, event);
        machine.is_hopeless()
    };
    assert!(!step(Event::Asked(Trigger::Start)));
    let hopeless =
        [Event::Failed(None), Event::Due, Event::Failed(None), Event::Due].map(&mut step);
    assert_eq!(hopeless, [false, false, true, true]);
    assert!(step(Event::Failed(None)));
    assert_eq!([Event::Due, Event::Succeeded].map(step), [true, false]);
}

#[test]
fn a_success_forgets_failures() {
    let failed = Event::Failed(None);
    let ok = Event::Succeeded;
    let due = Event::Due;
    let events = [Event::Asked(Trigger::Start), ok, due, failed, due, failed, due, ok, due, failed];
    assert_eq!(play(policy(), &events).last().unwrap(), "rest 60");
}

#[test]
fn a_source_that_wants_to_be_left_alone_is() {
    let alone = |seconds| Event::Failed(Some(Duration::from_secs(seconds)));
    let asked = Event::Asked(Trigger::Signal);
    let start = Event::Asked(Trigger::Start);
    assert_eq!(play(policy(), &[start, alone(90)])[1], "rest 95", "and up to a tenth longer");
    assert_eq!(play(policy(), &[start, asked, alone(90)])[2], "start by signal");
    assert_eq!(play(policy(), &[start, alone(90_000)])[1], "rest 3600");
    assert_eq!(play(policy(), &[start, alone(90), asked])[2], "start by signal");
}

#[test]
fn what_comes_again_and_again_does_not_use_up_the_failures_before_the_rests_would() {
    for trigger in [Trigger::File, Trigger::Webhook] {
        let asked = Event::Asked(trigger);
        let patient = Policy { init_max_failures: NonZeroU64::new(5), ..policy() };
        let mut machine = Machine::new(patient);
        let begun = Instant::now();
        let mut now = begun;
        let mut effect = machine.step(now, 0.5, Event::Asked(Trigger::Start));
        let mut attempts = 0;
        while effect != Effect::GiveUp {
            effect = match effect {
                Effect::Start(_) => {
                    attempts += 1;
                    assert_eq!(machine.step(now, 0.5, asked), Effect::Nothing);
                    machine.step(now, 0.5, Event::Failed(None))
                }
                Effect::Rest(until) => {
                    now = until.unwrap();
                    machine.step(now, 0.5, Event::Due)
                }
                other @ (Effect::Nothing | Effect::Done | Effect::GiveUp) => panic!("{other:?}"),
            };
        }
        // The rests are 1, 2, 4 and 8 seconds.
        assert_eq!(now - begun, Duration::from_secs(15), "{trigger}");
        assert!((6..=15).contains(&attempts), "what was mended is noticed soon: {attempts}");
    }
}

#[test]
fn what_is_mended_after_a_failure_counts_at_once() {
    let (start, failed) = (Event::Asked(Trigger::Start), Event::Failed(None));
    let file = Event::Asked(Trigger::File);
    let effects = play(policy(), &[start, failed, file, Event::Succeeded]);
    assert_eq!(effects[1..], ["rest 1", "start by file", "rest 60"]);
    let mut machine = Machine::new(Policy { init_max_failures: None, ..policy() });
    let now = Instant::now();
    for event in [start, failed, file, failed] {
        machine.step(now, 0.5, event);
    }
    let soon = Effect::Rest(Some(now + AFTER_FAILURE));
    assert_eq!(machine.step(now, 0.5, file), soon);
    let signal = Event::Asked(Trigger::Signal);
    assert_eq!(machine.step(now, 0.5, signal), Effect::Start(Trigger::Signal), "people are heard");
}

#[test]
fn a_window_that_opens_starts_an_attempt_and_does_not_disturb_who_wants_to_be_left_alone() {
    let (start, failed) = (Event::Asked(Trigger::Start), Event::Failed(None));
    let opens = Event::Asked(Trigger::Window);
    let effects = play(policy(), &[start, Event::Succeeded, opens, Event::Succeeded]);
    assert_eq!(effects[2..], ["start by window", "rest 60"]);
    let strict = Policy { max_failures: NonZeroU64::new(2), ..policy() };
    let mut machine = Machine::new(strict);
    let now = Instant::now();
    let mut step = |event| machine.step(now, 0.5, event);
    step(start);
    step(Event::Succeeded);
    step(Event::Due);
    let rest = step(failed);
    assert_eq!(step(opens), Effect::Start(Trigger::Window), "it need not wait for the rest");
    assert_eq!(step(failed), rest, "and takes none of the failures that are allowed");
    let alone = Duration::from_mins(20);
    let mut machine = Machine::new(policy());
    machine.step(now, 0.5, start);
    machine.step(now, 0.5, Event::Failed(Some(alone)));
    assert_eq!(machine.step(now, 0.5, opens), Effect::Rest(Some(now + alone * 21 / 20)));
}

#[test]
fn as_git_sync_the_rest_after_a_failure_is_the_period() {
    let (start, failed) = (Event::Asked(Trigger::Start), Event::Failed(None));
    let policy = Policy {
        grows: false,
        jitter: Duration::ZERO,
        max_failures: None,
        init_max_failures: None,
        ..policy()
    };
    let due = Event::Due;
    let effects = play(
        policy,
        &[start, failed, due, failed, due, Event::Succeeded, due, failed, due, failed, due, failed],
    );
    let rests: Vec<_> = effects.iter().filter(|effect| effect.starts_with("rest")).collect();
    assert_eq!(rests, ["rest 1", "rest 1", "rest 60", "rest 60", "rest 60", "rest 60"]);
}

#[test]
fn who_waits_for_an_answer_goes_first() {
    let asked = |trigger| Event::Asked(trigger);
    let alone = Event::Failed(Some(Duration::from_secs(90)));
    let all = [Trigger::Webhook, Trigger::Api, Trigger::Signal, Trigger::File].map(asked);
    let events = [vec![asked(Trigger::Start)], all.to_vec(), vec![alone]].concat();
    assert_eq!(play(policy(), &events).last().unwrap(), "start by api");
}

#[test]
fn one_time_ends_with_the_first_success() {
    let policy = Policy { one_time: true, ..policy() };
    let events = [Event::Asked(Trigger::Start), Event::Failed(None), Event::Due, Event::Succeeded];
    assert_eq!(play(policy, &events).last().unwrap(), "done");
}

#[test]
fn without_a_period_only_triggers_and_failures_start_attempts() {
    let policy = Policy { period: None, ..policy() };
    let start = Event::Asked(Trigger::Start);
    assert_eq!(play(policy.clone(), &[start, Event::Succeeded])[1], "rest");
    let events = [start, Event::Succeeded, start, Event::Failed(None)];
    assert_eq!(play(policy, &events)[3], "rest 60");
}

#[test]
fn webhooks_start_attempts_at_a_bounded_rate() {
    let mut machine = Machine::new(policy());
    let (begun, hook) = (Instant::now(), Event::Asked(Trigger::Webhook));
    machine.step(begun, 0.5, Event::Asked(Trigger::Start));
    machine.step(begun, 0.5, Event::Succeeded);
    assert_eq!(
        machine.step(begun, 0.5, hook),
        Effect::Start(Trigger::Webhook),
        "the first is heard"
    );
    assert_eq!(machine.step(begun, 0.5, hook), Effect::Nothing);
    let later = Effect::Rest(Some(begun + AFTER_WEBHOOK));
    assert_eq!(machine.step(begun, 0.5, Event::Succeeded), later, "and one more, after a rest");
    assert_eq!(machine.step(begun, 0.5, hook), later);
    let then = begun + AFTER_WEBHOOK;
    assert_eq!(machine.step(then, 0.5, Event::Due), Effect::Start(Trigger::Webhook));
    machine.step(then, 0.5, Event::Succeeded);
    let file = Event::Asked(Trigger::File);
    assert_eq!(machine.step(then, 0.5, file), Effect::Start(Trigger::File), "others need no rest");
    let api = Event::Asked(Trigger::Api);
    machine.step(then, 0.5, hook);
    assert_eq!(machine.step(then, 0.5, api), Effect::Nothing);
    assert_eq!(machine.step(then, 0.5, Event::Succeeded), Effect::Start(Trigger::Api));
}

#[test]
fn a_webhook_does_not_disturb_a_source_that_wants_to_be_left_alone() {
    let alone = Event::Failed(Some(Duration::from_secs(90)));
    let hook = Event::Asked(Trigger::Webhook);
    let start = Event::Asked(Trigger::Start);
    let api = Event::Asked(Trigger::Api);
    let effects = play(policy(), &[start, alone, hook, Event::Due]);
    assert_eq!(effects[1..], ["rest 95", "rest 95", "start by webhook"]);
    let effects = play(policy(), &[start, alone, hook, api]);
    assert_eq!(effects[2..], ["rest 95", "start by api"]);
    let effects = play(policy(), &[start, api, alone]);
    assert_eq!(effects[2], "start by api", "who waits for an answer gets one");
}

#[test]
fn what_is_asked_for_in_vain_does_not_count_as_a_failure() {
    let api = Event::Asked(Trigger::Api);
    let mut events = vec![Event::Asked(Trigger::Start), Event::Succeeded];
    events.extend([api, Event::InVain, Event::Due]);
    let effects = play(policy(), &events);
    assert_eq!(effects[2..], ["start by api", "rest 60", "start by period"]);
    let alone = Event::Failed(Some(Duration::from_secs(90)));
    let hook = Event::Asked(Trigger::Webhook);
    let start = Event::Asked(Trigger::Start);
    let effects = play(policy(), &[start, alone, api, Event::InVain, hook]);
    assert_eq!(effects[1..], ["rest 95", "start by api", "rest 95", "rest 95"], "it is left alone");
    for (first, by) in [(start, "start by start"), (hook, "start by webhook")] {
        let off = Policy { period: None, ..policy() };
        let events = [start, Event::Succeeded, first, api, Event::Cut, Event::InVain, api];
        assert_eq!(play(off, &events)[4..], ["start by api", by, "nothing"], "it is made up for");
    }
    let mut events = vec![start, Event::Succeeded];
    events.extend([api, Event::InVain].repeat(9));
    assert_eq!(play(policy(), &events).last().unwrap(), "rest 60");
}

#[test]
fn a_webhook_that_waits_delays_nothing() {
    let quick =
        Policy { period: Some(Duration::from_millis(10)), jitter: Duration::ZERO, ..policy() };
    let mut machine = Machine::new(quick);
    let (now, hook) = (Instant::now(), Event::Asked(Trigger::Webhook));
    machine.step(now, 0.5, Event::Asked(Trigger::Start));
    machine.step(now, 0.5, Event::Succeeded);
    machine.step(now, 0.5, hook);
    let soon = Effect::Rest(Some(now + Duration::from_millis(10)));
    assert_eq!(machine.step(now, 0.5, Event::Succeeded), soon);
    assert_eq!(machine.step(now, 0.5, hook), soon);
}

fn events() -> impl Strategy<Value = Vec<(Event, f64)>> {
    let event = prop_oneof![
        Just(Event::Due),
        prop::sample::select(&Trigger::ALL).prop_map(Event::Asked),
        Just(Event::Succeeded),
        prop::bool::ANY.prop_map(|intact| Event::Refused { intact }),
        (0_u64..10_000).prop_map(|rest| Event::Failed(Some(Duration::from_secs(rest)))),
        Just(Event::Failed(None)),
        Just(Event::InVain),
        Just(Event::Cut),
        Just(Event::Stop),
    ];
    prop::collection::vec((event, 0.0..=1.0), 0..60)
}

proptest! {
    #[test]
    fn attempts_never_overlap_rests_are_bounded_and_nothing_follows_the_end(events in events()) {
        let mut machine = Machine::new(Policy { max_failures: None, ..policy() });
        let now = Instant::now();
        let (mut running, mut over) = (false, false);
        // What was cut off is made up for at once.
        let mut least = AFTER_WEBHOOK.min(AFTER_FAILURE);
        for (event, chance) in events {
            let ends = running && matches!(event, Event::Succeeded | Event::Refused { .. } | Event::Failed(_) | Event::Cut | Event::InVain);
            let effect = machine.step(now, chance, event);
            prop_assert!(!over || effect == Effect::Nothing);
            if matches!(event, Event::Cut | Event::InVain) {
                least = Duration::ZERO;
            }
            running = running && !ends;
            match effect {
                Effect::Start(_) => {
                    prop_assert!(!running);
                    running = true;
                }
                Effect::Rest(until) => {
                    let rest = until.unwrap() - now;
                    prop_assert!(rest >= least, "{rest:?}");
                    prop_assert!(rest <= LONGEST_REST, "{rest:?}");
                }
                Effect::Done | Effect::GiveUp => over = true,
                Effect::Nothing => {}
            }
        }
    }

    #[test]
    fn a_crowd_that_was_told_when_to_come_does_not_come_at_one_moment(chance in 0.0..=1.0) {
        let mut machine = Machine::new(policy());
        let (now, told) = (Instant::now(), Duration::from_secs(90));
        machine.step(now, chance, Event::Asked(Trigger::Start));
        let until = now + told + Duration::from_secs(9).mul_f64(chance);
        let effect = machine.step(now, chance, Event::Failed(Some(told)));
        prop_assert_eq!(effect, Effect::Rest(Some(until)));
    }

    #[test]
    fn jitter_stays_within_its_bounds(chance in 0.0..=1.0) {
        let rest = spread(PERIOD, JITTER, chance);
        prop_assert!(rest + JITTER >= PERIOD && rest <= PERIOD + JITTER);
    }
}
