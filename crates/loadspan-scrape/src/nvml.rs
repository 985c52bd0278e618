//! The GPUs of this host, by NVIDIA's management library, which is opened when it is there.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use loadspan_record::GpuReading;
use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};
use nvml_wrapper::error::NvmlError;
use tokio::task::JoinHandle;

/// What each GPU tells; an error says why there is nothing, for people.
type Readings = Result<Vec<GpuReading>, String>;

/// The GPUs of this host. Their driver is asked on a thread of its own: it may take seconds, and cannot be called back.
pub(crate) struct LocalGpus {
    read: Arc<Mutex<dyn FnMut() -> Readings + Send>>,
    /// A call whose answer nobody has taken yet.
    call: Option<JoinHandle<Readings>>,
}

impl LocalGpus {
    /// The library is opened when it is first asked.
    pub(crate) fn unopened() -> Self {
        let mut library = None;
        Self::read_by(move || match &library {
            Some(open) => readings(open),
            None => readings(library.insert(open()?)),
        })
    }

    fn read_by(read: impl FnMut() -> Readings + Send + 'static) -> Self {
        Self {
            read: Arc::new(Mutex::new(read)),
            call: None,
        }
    }

    /// What each GPU tells. One that cannot be opened is left out, which its neighbours do not notice.
    pub(crate) async fn readings(&mut self, limit: Duration) -> Readings {
        match tokio::time::timeout(limit, self.ask()).await {
            Ok(readings) => readings,
            Err(_) => Err(format!(
                "NVIDIA's driver did not answer within {limit:?}; it is tried again"
            )),
        }
    }

    /// Whether the driver still works on the last question.
    pub(crate) fn is_late(&self) -> bool {
        self.call.is_some()
    }

    async fn ask(&mut self) -> Readings {
        if let Some(late) = &mut self.call {
            // What it says is of a time that is over.
            let _ = late.await;
        }
        let read = Arc::clone(&self.read);
        let read = move || read.lock().unwrap_or_else(PoisonError::into_inner)();
        let answer = self.call.insert(tokio::task::spawn_blocking(read)).await;
        self.call = None;
        answer.unwrap_or_else(|_| Err("the thread that reads it panicked".to_owned()))
    }
}

fn open() -> Result<Nvml, String> {
    let nvml = Nvml::init().map_err(|error| match error {
        NvmlError::LibloadingError(_) => "this host has no NVIDIA driver library".to_owned(),
        other => format!("NVIDIA's driver library says: {other}"),
    })?;
    match nvml.device_count() {
        Ok(0) => Err("this host has no NVIDIA GPU".to_owned()),
        Ok(_) => Ok(nvml),
        Err(error) => Err(format!("NVIDIA's driver library says: {error}")),
    }
}

fn readings(nvml: &Nvml) -> Readings {
    let count = nvml.device_count().map_err(|error| error.to_string())?;
    let readings: Vec<GpuReading> = (0..count).filter_map(|index| reading(nvml, index)).collect();
    if readings.is_empty() {
        return Err("no GPU answers".to_owned());
    }
    Ok(readings)
}

fn reading(nvml: &Nvml, index: u32) -> Option<GpuReading> {
    let device = nvml.device_by_index(index).ok()?;
    let memory = device.memory_info().ok();
    Some(GpuReading {
        index: Some(index),
        uuid: device.uuid().ok()?,
        host: None,
        name: device.name().ok(),
        utilization: device
            .utilization_rates()
            .ok()
            .map(|rates| f64::from(rates.gpu) / 100.0),
        memory_used_bytes: memory.as_ref().map(|memory| memory.used),
        memory_total_bytes: memory.as_ref().map(|memory| memory.total),
        power_watts: device.power_usage().ok().map(|milliwatts| f64::from(milliwatts) / 1e3),
        temperature_celsius: device.temperature(TemperatureSensor::Gpu).ok().map(f64::from),
        energy_joules: device
            .total_energy_consumption()
            .ok()
            .map(|millijoules| millijoules as f64 / 1e3),
        sm_clock_hertz: device
            .clock_info(Clock::SM)
            .ok()
            .map(|megahertz| u64::from(megahertz) * 1_000_000),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Answers with the number of the call, each time that it is let go on.
    fn scripted() -> (LocalGpus, mpsc::Sender<()>) {
        let (go_on, waiting) = mpsc::channel();
        let mut calls = 0;
        let gpus = LocalGpus::read_by(move || {
            calls += 1;
            let _ = waiting.recv_timeout(PATIENCE);
            Err(format!("call {calls}"))
        });
        (gpus, go_on)
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.unwrap().block_on(future)
    }

    #[test]
    fn a_driver_that_hangs_holds_nobody_up_and_is_asked_once_at_a_time() {
        run(async {
            let (mut gpus, go_on) = scripted();
            let limit = Duration::from_millis(20);
            for _ in 0..3 {
                assert_eq!(
                    gpus.readings(limit).await.unwrap_err(),
                    "NVIDIA's driver did not answer within 20ms; it is tried again"
                );
                assert!(gpus.is_late());
            }
            go_on.send(()).unwrap();
            go_on.send(()).unwrap();
            // The answer to the first question is of a time that is over.
            assert_eq!(gpus.readings(PATIENCE).await.unwrap_err(), "call 2");
            assert!(!gpus.is_late());
        });
    }

    #[test]
    fn a_driver_that_panics_is_an_error() {
        run(async {
            let mut gpus = LocalGpus::read_by(|| panic!("a test"));
            assert!(gpus.readings(PATIENCE).await.unwrap_err().contains("panicked"));
            assert!(!gpus.is_late());
        });
    }
}
