//! What the code that `#[loadspan_sdk::trace]` writes calls. Public for it alone.
//!
//! How a value is written depends on what its type can do, and that is asked where the type is known: methods of the same name are
//! tried on more and more references taken away (autoref specialisation), the most telling first.

use std::convert::Infallible;
use std::error::Error;
use std::fmt::{Debug, Display};

use loadspan_wire::mlflow::attributes;
use serde::Serialize;

use crate::span::{Span, with_buffer, write_json};

/// Calls a function within a span that is current already.
pub fn call<R>(span: &Span, body: impl FnOnce() -> R) -> R {
    span.watch(body)
}

/// A value that is to be written as JSON as well as its type allows.
#[derive(Debug)]
pub struct Probe<'a, T: ?Sized>(pub &'a T);

/// As JSON.
pub trait AsJson {
    /// Appends it.
    fn write(&self, buffer: &mut Vec<u8>);
}

impl<T: Serialize + ?Sized> AsJson for &&Probe<'_, T> {
    fn write(&self, buffer: &mut Vec<u8>) {
        write_json(buffer, self.0);
    }
}

/// As a text that `Debug` writes.
pub trait AsDebug {
    /// Appends it.
    fn write(&self, buffer: &mut Vec<u8>);
}

impl<T: Debug + ?Sized> AsDebug for &Probe<'_, T> {
    fn write(&self, buffer: &mut Vec<u8>) {
        write_json(buffer, &format!("{:?}", self.0));
    }
}

/// As the name of its type.
pub trait AsName {
    /// Appends it.
    fn write(&self, buffer: &mut Vec<u8>);
}

impl<T: ?Sized> AsName for Probe<'_, T> {
    fn write(&self, buffer: &mut Vec<u8>) {
        write_json(buffer, &format!("<{}>", std::any::type_name::<T>()));
    }
}

/// An argument: its name, and what writes its value.
pub type Argument<'a> = (&'static str, &'a dyn Fn(&mut Vec<u8>));

/// Makes arguments the inputs of a span.
pub fn set_inputs(span: &Span, arguments: &[Argument<'_>]) {
    let inputs = with_buffer(|buffer| {
        buffer.push(b'{');
        for (index, (name, write)) in arguments.iter().enumerate() {
            if index > 0 {
                buffer.push(b',');
            }
            write_json(buffer, name);
            buffer.push(b':');
            write(buffer);
        }
        buffer.push(b'}');
    });
    span.put(attributes::SPAN_INPUTS, inputs);
}

/// Makes a value the outputs of a span.
pub fn set_outputs(span: &Span, write: impl FnOnce(&mut Vec<u8>)) {
    span.put(attributes::SPAN_OUTPUTS, with_buffer(write));
}

/// What a function has returned.
#[derive(Debug)]
pub struct Returned<'a, R>(pub &'a R);

/// A `Result`.
pub trait AsResult {
    /// What is in it.
    type Value;
    /// Why there is nothing.
    type Error;
    /// Looks into it.
    ///
    /// # Errors
    ///
    /// What the function has returned.
    fn outcome(&self) -> Result<Self::Value, Self::Error>;
}

impl<'a, T, E> AsResult for &Returned<'a, Result<T, E>> {
    type Value = &'a T;
    type Error = &'a E;

    fn outcome(&self) -> Result<&'a T, &'a E> {
        self.0.as_ref()
    }
}

/// Anything else.
pub trait AsValue {
    /// What it is.
    type Value;
    /// Looks at it.
    ///
    /// # Errors
    ///
    /// None.
    fn outcome(&self) -> Result<Self::Value, &'static Infallible>;
}

impl<'a, R> AsValue for Returned<'a, R> {
    type Value = &'a R;

    fn outcome(&self) -> Result<&'a R, &'static Infallible> {
        Ok(self.0)
    }
}

/// An error that is to be told as well as its type allows.
#[derive(Debug)]
pub struct Failure<'a, E>(pub &'a E);

/// With the errors behind it.
pub trait AsError {
    /// Tells it.
    fn record(&self, span: &Span);
}

impl<E: Error> AsError for &&&Failure<'_, E> {
    fn record(&self, span: &Span) {
        span.record_exception(self.0);
    }
}

/// In words.
pub trait AsDisplay {
    /// Tells it.
    fn record(&self, span: &Span);
}

impl<E: Display> AsDisplay for &&Failure<'_, E> {
    fn record(&self, span: &Span) {
        // The alternate form of `anyhow` and the like names the errors behind it.
        span.record_failure(std::any::type_name::<E>(), format!("{:#}", self.0));
    }
}

/// As `Debug` has it.
pub trait AsDebugged {
    /// Tells it.
    fn record(&self, span: &Span);
}

impl<E: Debug> AsDebugged for &Failure<'_, E> {
    fn record(&self, span: &Span) {
        span.record_failure(std::any::type_name::<E>(), format!("{:?}", self.0));
    }
}

/// That there is one.
pub trait AsUnknown {
    /// Tells it.
    fn record(&self, span: &Span);
}

impl<E> AsUnknown for Failure<'_, E> {
    fn record(&self, span: &Span) {
        span.record_failure(
            std::any::type_name::<E>(),
            "an error that can neither be displayed nor debugged",
        );
    }
}
