//! From readings to a brownout level and actions: a pure state machine.

use crate::overload::monitors::{Concern, Reading};
use crate::overload::pressure::OverloadAction;

/// Pressure from which handlers are asked to do less, and at which as little
/// as they can.
const BROWNOUT: (f64, f64) = (0.5, 0.95);
/// The part of the way to a higher level that is gone at each tick: half of it
/// is gone in 250 ms.
const RISE: f64 = 0.5;
/// The part of the way to a lower one. Cheaper work takes the pressure away at
/// once; to go back as fast would be to swing between the two.
const FALL: f64 = 0.125;
/// A level below this is none: of 255, less than a half.
const LEVEL_MIN: f64 = 0.5 / 255.0;

/// Is when an action begins and ends, and by whose readings.
struct Band {
    action: OverloadAction,
    on: f64,
    off: f64,
    concern: Option<Concern>,
}

/// Actions by what they cost whom they meet. Only what runs out ends the
/// welcome of connections: a queue that is full takes nothing from anybody.
const BANDS: [Band; 4] = [
    Band {
        action: OverloadAction::ShrinkTimeouts,
        on: 0.80,
        off: 0.70,
        concern: Some(Concern::Supply),
    },
    Band {
        action: OverloadAction::EndKeepAlive,
        on: 0.85,
        off: 0.75,
        concern: Some(Concern::Supply),
    },
    Band {
        action: OverloadAction::ShedClasses,
        on: 0.90,
        off: 0.75,
        concern: None,
    },
    Band {
        action: OverloadAction::CloseAccept,
        on: 0.95,
        off: 0.85,
        concern: Some(Concern::Supply),
    },
];

/// Is what holds after the last readings.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    /// From 0 to 1.
    level: f64,
    active: Vec<OverloadAction>,
}

impl Policy {
    /// Takes readings in; gives what has changed, each with its reason.
    pub(crate) fn update(&mut self, readings: &[Reading]) -> Vec<String> {
        let mut changes = Vec::new();
        let worst = worst(readings, None);
        let before = self.level();
        self.turn_level(worst.map_or(0.0, |reading| reading.pressure));
        changes.extend(self.told_level(before, worst));
        for band in &BANDS {
            let worst = self::worst(readings, band.concern);
            changes.extend(self.turn(band, worst));
        }
        changes
    }

    /// Gives the brownout level, 0 to 255.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the level is from 0 to 1"
    )]
    pub(crate) fn level(&self) -> u8 {
        (self.level * 255.0).round() as u8
    }

    /// Gives the actions that are taken.
    pub(crate) fn active(&self) -> &[OverloadAction] {
        &self.active
    }

    fn turn_level(&mut self, pressure: f64) {
        let (from, to) = BROWNOUT;
        let wanted = ((pressure - from) / (to - from)).clamp(0.0, 1.0);
        let step = if wanted > self.level { RISE } else { FALL };
        self.level += step * (wanted - self.level);
        if self.level < LEVEL_MIN && wanted <= 0.0 {
            self.level = 0.0;
        }
    }

    fn told_level(&self, before: u8, worst: Option<&Reading>) -> Option<String> {
        match (before, self.level()) {
            (0, now) if now > 0 => {
                let why = worst.map_or("", |worst| &worst.words);
                Some(format!("handlers are asked to do less: {why}"))
            }
            (was, 0) if was > 0 => Some("handlers may do all again".to_owned()),
            _ => None,
        }
    }

    fn turn(&mut self, band: &Band, worst: Option<&Reading>) -> Option<String> {
        let pressure = worst.map_or(0.0, |worst| worst.pressure);
        let name = band.action.name();
        let words = worst.map_or("nothing is read", |worst| &worst.words);
        match self.active.iter().position(|action| *action == band.action) {
            None if pressure >= band.on => {
                self.active.push(band.action);
                Some(format!("{name}: {words}, from {} on", band.on))
            }
            Some(place) if pressure <= band.off => {
                self.active.swap_remove(place);
                Some(format!("{name} ends: {words}, below {}", band.off))
            }
            _ => None,
        }
    }
}

fn worst(readings: &[Reading], concern: Option<Concern>) -> Option<&Reading> {
    let concerned = readings
        .iter()
        .filter(|reading| concern.is_none_or(|concern| reading.concern == concern));
    concerned.max_by(|a, b| a.pressure.total_cmp(&b.pressure))
}
