import { describe, expect, it } from 'vitest'
import { parseDurationMs, parseSizeBytes } from '../../src/config/quantity.ts'

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['0s', 0],
    ['30s', 30_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['99999d', 8_639_913_600_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms)
  })

  it.each(['', '30', '30 s', '-1s', '1.5h', '100000s', '1w', 's'])('%j is none', (text) => {
    expect(parseDurationMs(text)).toBeUndefined()
  })
})

describe('sizes', () => {
  it.each([
    ['1B', 1],
    ['512KiB', 524_288],
    ['8MiB', 8_388_608],
    ['99MiB', 103_809_024],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSizeBytes(text)).toBe(bytes)
  })

  it.each(['', '8', '8MB', '0MiB', '100MiB', '8 MiB', '-8MiB'])('%j is none', (text) => {
    expect(parseSizeBytes(text)).toBeUndefined()
  })
})
