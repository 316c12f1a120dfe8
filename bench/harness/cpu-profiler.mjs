import { Session } from 'node:inspector'

/*
 * Loaded into a measured process with `--import`. It records where the main thread's time goes between the messages
 * `profile` and `stop`, and answers with a profile as DevTools write it.
 */

const microsecondsBetweenSamples = 100

const session = new Session()
session.connect()

process.on('message', message => {
  if (message === 'profile') {
    session.post('Profiler.enable')
    session.post('Profiler.setSamplingInterval', { interval: microsecondsBetweenSamples })
    session.post('Profiler.start', () => process.send('profiling'))
  } else if (message === 'stop') {
    session.post('Profiler.stop', (_error, { profile }) => process.send(profile))
  }
})
process.channel.unref()
