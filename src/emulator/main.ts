/** `node main.js --port N [--seed FILE]`: the emulator's own command line. */
import { parseArgs } from 'node:util'
import { runEmulator } from './run.ts'

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, seed: { type: 'string' } } })
await runEmulator({ port: Number(values.port), seedFile: values.seed })
