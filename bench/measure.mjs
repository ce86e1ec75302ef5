/** One fresh process, measured: how long it took, what it computed, how much memory it held. */

import { spawn } from 'node:child_process'
import { performance } from 'node:perf_hooks'

/**
 * Bash counts the processor time of everything below the command, pipelines and start-up included, once it has ended.
 * It is small too: a process begins with the peak of the one that made it.
 */
const TIMED = '"$@"; code=$?; times >&3; exit $code'

/**
 * @typedef {object} Measured
 * @property {number} wallS seconds from before the start to after the end
 * @property {number} cpuS seconds of processor time, user and system
 * @property {number | undefined} peakMiB most memory held at once; undefined where the process does not tell it
 * @property {{lines?: number, bytes?: number, states?: number, digest?: string}} answer
 */

/**
 * Runs a command to its end. Aborting kills it and everything it started.
 *
 * @param {readonly string[]} command
 * @param {AbortSignal} signal
 * @returns {Promise<Measured>}
 */
export async function measure(command, signal) {
  signal.throwIfAborted()
  const startedAt = performance.now()
  // A process group of its own, so that a whole pipeline can be killed.
  const child = spawn('bash', ['-c', TIMED, 'bash', ...command], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  })
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has just ended by itself.
    }
  }
  signal.addEventListener('abort', kill)
  try {
    const texts = [1, 2, 3].map((descriptor) => gathered(child.stdio[descriptor]))
    const [code, endedAt] = await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (exitCode) => resolve([exitCode, performance.now()]))
    })
    const [answer = '', errors = '', measures = ''] = await Promise.all(texts)
    signal.throwIfAborted()
    if (code !== 0) throw new Error(`ended with ${code}\n${errors.trim()}`)
    return { wallS: (endedAt - startedAt) / 1000, ...measuresIn(measures), answer: JSON.parse(answer) }
  } finally {
    signal.removeEventListener('abort', kill)
  }
}

/** @param {any} stream */
async function gathered(stream) {
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) text += chunk
  return text
}

/** What stands on descriptor 3: perhaps a peak, then two lines of `times`, the shell's own and its children's. */
function measuresIn(/** @type {string} */ text) {
  const lines = text.trim().split('\n')
  const told = lines.find((line) => line.startsWith('{'))
  const seconds = [...(lines.at(-1) ?? '').matchAll(/(\d+)m(\d+)[.,](\d+)s/g)].map(
    ([, minutes, whole, part]) => Number(minutes) * 60 + Number(`${whole}.${part}`),
  )
  if (seconds.length !== 2) throw new Error(`no processor times in ${JSON.stringify(text)}`)
  return {
    cpuS: seconds.reduce((sum, one) => sum + one, 0),
    peakMiB: told === undefined ? undefined : JSON.parse(told).peakKiB / 1024,
  }
}
