/** `${env:NAME}` and `${file:PATH}`: what stands outside the file is read here, and only here. */

import { resolve } from 'node:path'
import type { Complaint } from '../lib/errors.ts'
import type { Path, Where } from './place.ts'
import { REFERENCE } from './schema-parts.ts'

/** The world around the settings file. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Reads a file as UTF-8; rejects where it cannot. */
  readonly readFile: (path: string) => Promise<string>
}

/** A value with its references replaced; a reference that leads nowhere stays as written and is complained about. */
export interface Expanded {
  readonly value: unknown
  readonly complaints: readonly Complaint[]
}

const ANY_REFERENCE = /\$\{([A-Za-z]+):([^}]*)\}/g

/** Replaces the references in every text of `value`; keys are left alone. Relative files lie in `folder`. */
export async function expandReferences(
  value: unknown,
  surroundings: Surroundings,
  folder: string,
  where: Where,
): Promise<Expanded> {
  const complaints: Complaint[] = []

  async function walk(node: unknown, path: Path): Promise<unknown> {
    if (typeof node === 'string') return expandText(node, path)
    if (Array.isArray(node)) return Promise.all(node.map((item, index) => walk(item, [...path, index])))
    if (typeof node !== 'object' || node === null) return node
    const entries = Object.entries(node).map(async ([key, item]) => [key, await walk(item, [...path, key])] as const)
    return Object.fromEntries(await Promise.all(entries))
  }

  async function expandText(text: string, path: Path): Promise<string> {
    let expanded = ''
    let end = 0
    for (const match of text.matchAll(ANY_REFERENCE)) {
      const [written, kind = '', name = ''] = match
      const target = await lookUp(kind, name, surroundings, folder)
      if ('complaint' in target) complaints.push({ where: where(path), ...target.complaint })
      expanded += text.slice(end, match.index) + ('value' in target ? target.value : written)
      end = match.index + written.length
    }
    return expanded + text.slice(end)
  }

  return { value: await walk(value, []), complaints }
}

type Target = { readonly value: string } | { readonly complaint: Omit<Complaint, 'where'> }

async function lookUp(kind: string, name: string, { env, readFile }: Surroundings, folder: string): Promise<Target> {
  if (name === '' || (kind !== 'env' && kind !== 'file')) {
    return missing('a reference of an unknown form', `\${env:NAME} or \${file:PATH}`, 'Correct the reference.')
  }
  if (kind === 'env') {
    const value = env[name]
    if (value === undefined || value === '') {
      return missing(`no environment variable ${name}`, 'it to be set and not empty', 'Set it, or correct its name.')
    }
    return checked(value, `the environment variable ${name}`)
  }
  let content: string
  try {
    content = await readFile(resolve(folder, name))
  } catch {
    return missing(`no readable file ${name}`, 'a file', 'Create or mount it, or correct its path.')
  }
  const value = content.replace(/\r?\n$/, '')
  if (value === '') return missing(`an empty file ${name}`, 'a file with content', 'Fill it, or correct its path.')
  return checked(value, `the file ${name}`)
}

/** What a reference leads to is taken as it is, so it must hold no reference itself. */
function checked(value: string, name: string): Target {
  if (!REFERENCE.test(value)) return { value }
  return missing(`another reference in ${name}`, 'the value itself', 'Put the value there; references are not nested.')
}

function missing(found: string, expected: string, remedy: string): Target {
  return { complaint: { found, expected, remedy } }
}
