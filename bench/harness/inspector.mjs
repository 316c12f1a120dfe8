import { Session } from 'node:inspector'

/*
 * Loaded into a measured process with `--import`, where its inside is what is measured. It answers to messages:
 * `profile` begins to record where the main thread's time goes, `stop` gives the profile as DevTools write it, and
 * `memory` collects all garbage and gives `process.memoryUsage()`.
 */

const microsecondsBetweenSamples = 100

const session = new Session()
session.connect()

const answers = {
  profile (reply) {
    session.post('Profiler.enable')
    session.post('Profiler.setSamplingInterval', { interval: microsecondsBetweenSamples })
    session.post('Profiler.start', () => reply('profiling'))
  },
  stop: reply => session.post('Profiler.stop', (_error, { profile }) => reply(profile)),
  memory (reply) {
    session.post('HeapProfiler.enable')
    session.post('HeapProfiler.collectGarbage', () => reply(process.memoryUsage()))
  }
}

process.on('message', message => answers[message](answer => process.send(answer)))
process.channel.unref()
