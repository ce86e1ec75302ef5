/** The delivery benchmark runs and measures what it says; how much of the ceiling is reached is not tested here. */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const BENCHMARK = fileURLToPath(new URL('../../bench/deliver/deliver.mjs', import.meta.url))
const LIMIT_MS = 300_000

interface Engine {
  readonly ratio: number
  readonly requests: number
  readonly throttles: number
  readonly outcomes: { offered: number; done: number; rejected: number; again: number; other: number }
  readonly fates: {
    good: number
    bad: number
    applied: number
    refusedAlone?: number
    lost?: number
    repeated?: number
  }
}

interface Result {
  readonly cell: { name: string; bad: number; silent: boolean }
  readonly engine: Engine & { cpuMsPer1000?: number; notUnderstood?: number }
  readonly naive: Record<string, { ratio: number }>
  readonly least: { clean: number; least: number }
  readonly extra?: number
}

interface Results {
  readonly results: readonly Result[]
  readonly wire: readonly Result[]
  readonly goals: readonly { goal: string; held: number; cells: number }[]
}

async function run(...args: readonly string[]) {
  const child = spawn(process.execPath, [BENCHMARK, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, ...texts }
}

/** The virtual figures alone: nothing that a machine could make differ. */
const virtualOf = ({ results }: Results) =>
  results.map(({ cell, engine }) => [cell.name, engine.ratio, engine.requests, engine.throttles, engine.outcomes])

describe('the delivery benchmark', () => {
  it(
    'drives the engine on a virtual clock, the server counting every row, twice the same (§8.2)',
    async () => {
      const args = ['--only', '200 ms, users 1, servers 1,', '--windows', '1', '--seeds', '1', '--no-wire', '--json']
      const first = await run(...args)
      expect(first.code, first.stderr).toBe(0)
      const measured = JSON.parse(first.stdout) as Results

      expect(measured.results.map(({ cell }) => cell.bad)).toEqual([0, 0.001, 0.01, 0, 0.001, 0.01])
      for (const { cell, engine, naive, least, extra } of measured.results) {
        const { outcomes, fates } = engine
        expect(engine.ratio, cell.name).toBeGreaterThan(0.1)
        expect(outcomes.offered, cell.name).toBeGreaterThan(3_000)
        expect(fates.good + fates.bad, cell.name).toBe(outcomes.offered)
        expect(fates, cell.name).toMatchObject({ applied: fates.good, refusedAlone: fates.bad, lost: 0, repeated: 0 })
        expect(outcomes, cell.name).toMatchObject({ done: fates.good, rejected: fates.bad, other: 0 })
        if (cell.bad === 0) {
          expect(fates.bad).toBe(0)
          expect(Object.keys(naive)).toEqual(['sequential', 'fixed 10', 'fixed 52'])
          for (const one of Object.values(naive)) expect(one.ratio, cell.name).toBeGreaterThan(0)
          expect(least.least).toBe(least.clean)
        } else {
          expect(fates.bad, cell.name).toBeGreaterThan(0)
          expect(least.least, cell.name).toBeGreaterThan(least.clean)
          expect(extra === undefined, cell.name).toBe(cell.silent)
        }
      }
      expect(measured.goals.find(({ goal }) => goal.startsWith('rows that had'))).toMatchObject({ held: 6, cells: 6 })

      const second = await run(...args)
      expect(virtualOf(JSON.parse(second.stdout) as Results)).toEqual(virtualOf(measured))
    },
    LIMIT_MS,
  )

  it(
    'drives it over HTTP, the emulator counting',
    async () => {
      const { code, stdout, stderr } = await run('--wire', '--only', '200 ms', '--windows', '1', '--json')
      expect(code, stderr).toBe(0)
      const { results, wire } = JSON.parse(stdout) as Results
      expect(results).toEqual([])
      expect(wire).toHaveLength(1)
      for (const { engine } of wire) {
        expect(engine.notUnderstood).toBe(0)
        expect(engine.ratio).toBeGreaterThan(0.1)
        expect(engine.cpuMsPer1000).toBeGreaterThan(0)
        expect(engine.fates.applied).toBe(engine.outcomes.done)
        expect(engine.outcomes.done).toBe(engine.outcomes.offered)
      }
    },
    LIMIT_MS,
  )

  it(
    'tells what it measured as Markdown, and refuses what it does not know',
    async () => {
      const { code, stdout } = await run('--only', 'halved limits, 20 ms', '--seeds', '2', '--no-wire')
      expect(code).toBe(0)
      expect(stdout).toMatch(/^# Delivery/)
      expect(stdout).toMatch(/^\| halved limits, 20 ms \| [*\d.]+ \|/m)
      expect(await run('--slow')).toMatchObject({ code: 2 })
      expect(await run('--quick', '--write')).toMatchObject({ code: 2 })
      expect(await run('--seeds', '0')).toMatchObject({ code: 2 })
    },
    LIMIT_MS,
  )
})
