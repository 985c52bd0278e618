//! Colours, light and dark.
//!
//! The categorical colours keep a distance of at least 12 (CIEDE2000) from each other, also as people with protanopia,
//! deuteranopia and tritanopia see them, and a contrast of 3:1 with the background. Red is for errors alone.

use loadspan_record::VerdictStatus;

/// The background that a picture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Theme {
    /// Dark ink on white.
    #[default]
    Light,
    /// Light ink on near black.
    Dark,
}

/// What a mark is coloured for; the theme says with which colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// One of several series, handed out in order. From the ninth on all are grey.
    Series(usize),
    /// Something that failed.
    Error,
    /// What was asked for, what is waited for: context, not measurement.
    Muted,
    /// Text that is read first.
    Text,
    /// Text and lines that explain.
    Secondary,
    /// Lines behind everything.
    Grid,
    /// The line of an axis.
    Axis,
    /// Behind a stretch of the run that is in no figure.
    Shade,
    /// Behind a stage, by its number: neighbours differ.
    Stage(usize),
    /// The paper.
    Background,
    /// A verdict.
    Verdict(VerdictStatus),
}

/// A colour without transparency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rgb(pub(super) u32);

impl Rgb {
    pub(super) const fn channels(self) -> [u8; 3] {
        let [_, red, green, blue] = self.0.to_be_bytes();
        [red, green, blue]
    }
}

/// Blue, olive, teal, plum, pink, green, ochre, violet.
const SERIES_LIGHT: [u32; 8] = [
    0x25_57_a8, 0x90_94_19, 0x3d_9d_8d, 0x76_0c_52, 0xfa_4b_86, 0x12_47_26, 0x8e_5e_0e, 0xbb_68_f2,
];
const SERIES_DARK: [u32; 8] = [
    0x85_c2_f0, 0xad_b2_1b, 0x06_8d_6f, 0xe2_25_a1, 0xf5_a5_b7, 0x3f_fb_8d, 0xaa_70_04, 0x87_7b_f6,
];

impl Theme {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// The name in flags and files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(super) fn colour(self, ink: Ink) -> Rgb {
        let (light, dark) = match ink {
            Ink::Series(index) => match (SERIES_LIGHT.get(index), SERIES_DARK.get(index)) {
                (Some(light), Some(dark)) => (*light, *dark),
                _ => (0x5f_67_73, 0x9a_a2_b0),
            },
            Ink::Error | Ink::Verdict(VerdictStatus::Invalid) => (0xb3_26_1e, 0xff_8f_85),
            Ink::Verdict(VerdictStatus::Degraded) => (0x85_50_00, 0xf2_b8_4b),
            Ink::Verdict(VerdictStatus::Valid) => (0x14_71_3d, 0x5f_d0_8d),
            Ink::Muted => (0x7d_84_91, 0x75_7e_8d),
            Ink::Text => (0x1a_1d_23, 0xe8_ea_ee),
            Ink::Secondary => (0x45_4c_57, 0xb9_bf_ca),
            Ink::Grid => (0xe4_e7_ec, 0x2b_31_3b),
            Ink::Axis => (0x7d_84_91, 0x75_7e_8d),
            Ink::Shade => (0xf0_f2_f5, 0x1f_24_2c),
            Ink::Stage(index) if index % 2 == 0 => (0xec_f3_fc, 0x19_23_31),
            Ink::Stage(_) => (0xf8_f4_ea, 0x25_22_19),
            Ink::Background => (0xff_ff_ff, 0x14_17_1c),
        };
        Rgb(match self {
            Self::Light => light,
            Self::Dark => dark,
        })
    }
}
