/* Loaded before a command: once it runs, writes to standard output until there is no reader any more. */
const isRunning = () => process.stdout.listeners('error').some(({ name }) => name === 'endWithReader')

setInterval(() => { if (isRunning()) process.stdout.write('x'.repeat(65_536)) }, 10)
