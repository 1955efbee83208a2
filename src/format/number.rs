//! Conversions between number types that say whether they are exact.

/// The `f64` that equals an `f32`: a NaN keeps its sign and payload, which `as` does not promise.
pub(crate) fn widen(value: f32) -> f64 {
    if !value.is_nan() {
        return f64::from(value);
    }
    let bits = u64::from(value.to_bits());
    f64::from_bits((bits >> 31 << 63) | 0x7FF0_0000_0000_0000 | ((bits & 0x007F_FFFF) << 29))
}

/// The `f32` that equals an `f64`, if there is one.
pub(crate) fn narrow(value: f64) -> Option<f32> {
    if value.is_nan() {
        let bits = value.to_bits();
        let payload = u32::try_from((bits & 0x000F_FFFF_FFFF_FFFF) >> 29).ok()?;
        let sign = if value.is_sign_negative() { 1 << 31 } else { 0 };
        let narrow = f32::from_bits(sign | 0x7F80_0000 | payload);
        return (widen(narrow).to_bits() == bits).then_some(narrow);
    }
    let near = round(value);
    (f64::from(near).to_bits() == value.to_bits()).then_some(near)
}

/// The `f32` that is nearest to an `f64`.
#[expect(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
pub(crate) fn round(value: f64) -> f32 {
    value as f32
}

/// The integer that equals a float, if there is one. Negative zero is no integer.
#[expect(clippy::cast_possible_truncation, reason = "whole, and within i128")]
pub(crate) fn whole(value: f64) -> Option<i128> {
    const LIMIT: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0; // 2^127
    let is_whole = value.trunc().to_bits() == value.to_bits() && !is_negative_zero(value);
    (is_whole && (-LIMIT..LIMIT).contains(&value)).then_some(value as i128)
}

/// The float that equals an integer, if there is one.
#[expect(clippy::cast_precision_loss, reason = "checked by converting back")]
pub(crate) fn float(value: i128) -> Option<f64> {
    let near = value as f64;
    (whole(near) == Some(value)).then_some(near)
}

fn is_negative_zero(value: f64) -> bool {
    value == 0.0 && value.is_sign_negative()
}
