/** `node main.js --port N [--seed FILE] [--limits] [--time-scale N] [--didomi-port N]`: the emulator's own command line. */
import { parseArgs } from 'node:util'
import { runEmulator } from './run.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    seed: { type: 'string' },
    limits: { type: 'boolean', default: false },
    'time-scale': { type: 'string', default: '1' },
    servers: { type: 'string', default: '1' },
    'didomi-port': { type: 'string' },
    'didomi-seed': { type: 'string' },
  },
})
const didomiPort = values['didomi-port']
await runEmulator({
  port: Number(values.port),
  seedFile: values.seed,
  limits: values.limits,
  timeScale: Number(values['time-scale']),
  servers: Number(values.servers),
  ...(didomiPort === undefined ? {} : { didomi: { port: Number(didomiPort), seedFile: values['didomi-seed'] } }),
})
