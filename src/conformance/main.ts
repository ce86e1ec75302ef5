/** `node main.js --url … --i-own-this-sandbox`: the corpus against an environment. SIGINT and SIGTERM clean up first. */
import { conformance } from './command.ts'

const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort())

process.exitCode = await conformance({
  args: process.argv.slice(2),
  environment: process.env,
  uptime: () => performance.now(),
  signal: interruption.signal,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
})
