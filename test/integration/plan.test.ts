/** Plans with a store that is a file. */

import { describePlans, sqliteStore } from './plan.ts'

describePlans(sqliteStore)
