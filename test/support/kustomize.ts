/** Renders kustomizations by the real program: kubectl has it built in, or kustomize itself. */

import { spawnSync } from 'node:child_process'
import { parseAllDocuments } from 'yaml'

/** An object of Kubernetes, as it was rendered. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of many kinds, each validated by its schema first
  readonly [key: string]: any
}

const RENDERERS = [
  ['kustomize', ['build']],
  ['kubectl', ['kustomize']],
] as const

/** How this machine renders; nothing where it cannot. */
export const renderer = RENDERERS.find(([program]) => spawnSync(program, ['version', '--help']).status === 0)

/** The objects that a folder comes to. */
export function rendered(folder: string): Manifest[] {
  if (renderer === undefined) throw new TypeError('neither kustomize nor kubectl is here')
  const [program, args] = renderer
  const { status, stdout, stderr } = spawnSync(program, [...args, folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${folder}: ${stderr}`)
  return parseAllDocuments(stdout).map((document) => document.toJS())
}
