/** A process that is alone keeps the contract of shared work. */

import { workAlone } from '../../src/work/alone.ts'
import { workContract } from './work.ts'

workContract('alone', async () => ({ pod: async () => workAlone, dispose: async () => {} }))
