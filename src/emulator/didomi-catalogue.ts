/** The ids an organization of an emulated Didomi knows: its configuration tree, and the widgets that show parts of it. */
import { type JsonObject, objectIn, objectsIn } from './didomi-json.ts'

/** A title in each language. */
export type Titles = Readonly<Record<string, string>>

/** A value of a preference; choosing it may lead to further questions. */
export interface ValueSeed {
  readonly id: string
  readonly name?: Titles
  readonly selected_preferences?: readonly SelectedPreference[]
}

/** A question of the library. */
export interface PreferenceSeed {
  readonly id: string
  readonly name?: Titles
  readonly type: 'single' | 'multi'
  readonly values: readonly ValueSeed[]
}

/** A question at its place of the tree. */
export interface SelectedPreference {
  readonly id: string
  readonly preference: PreferenceSeed
  readonly selected_preferences?: readonly SelectedPreference[]
}

/** A place of the tree: node ids are not the ids of what stands there. (Didomi: data manager, configuration tree.) */
export interface ConfigurationTree {
  readonly id?: string
  readonly selected_purposes: readonly {
    readonly id: string
    readonly purpose_id: string
    /** Its title is called description. */
    readonly purpose?: { readonly description?: string | Titles }
    readonly selected_preferences?: readonly SelectedPreference[]
  }[]
}

/** An element shown in a widget. (Didomi: data manager, layout entities.) */
export interface LayoutEntity {
  readonly id: string
  readonly widget_id: string
  readonly parent_id?: string | null
  readonly selected_purpose_id?: string | null
  readonly selected_preference_id?: string | null
  readonly preference_value_id?: string | null
  readonly layout_component_id?: string | null
  readonly enabled?: boolean
  readonly order?: number
}

/** Everything is optional; without a tree every id is accepted. */
export interface CatalogueSeed {
  readonly tree?: ConfigurationTree
  readonly layoutEntities?: readonly LayoutEntity[]
  /** Ids that existed once: they are accepted, but stand in no tree. */
  readonly formerIds?: readonly string[]
}

/** Ids that a choice may name: of purposes, and of preferences with their values. */
interface KnownIds {
  readonly purposes: ReadonlySet<string>
  /** Preference → its values. */
  readonly preferences: ReadonlyMap<string, ReadonlySet<string>>
  readonly former: ReadonlySet<string>
}

function knownIds({ tree, formerIds = [] }: CatalogueSeed): KnownIds | undefined {
  if (tree === undefined) return undefined
  const preferences = preferencesOf(tree)
  return {
    purposes: new Set(tree.selected_purposes.map(({ purpose_id: id }) => id)),
    preferences: new Map(preferences.map(({ id, values }) => [id, new Set(values.map((value) => value.id))])),
    former: new Set(formerIds),
  }
}

/** The questions of a tree, those below others too. */
function preferencesOf({ selected_purposes: purposes }: ConfigurationTree): PreferenceSeed[] {
  const asked = ({ preference, selected_preferences: below = [] }: SelectedPreference): PreferenceSeed[] => [
    preference,
    ...preference.values.flatMap(({ selected_preferences: further = [] }) => further).flatMap(asked),
    ...below.flatMap(asked),
  ]
  return purposes.flatMap(({ selected_preferences: selected = [] }) => selected).flatMap(asked)
}

/**
 * Where choices name ids that nobody ever defined, as paths. (Didomi: organizations with flat values accept existing and
 * formerly existing purpose, preference and value ids only.)
 */
export function unknownIds(catalogue: CatalogueSeed, consents: JsonObject): string[] {
  const known = knownIds(catalogue)
  if (known === undefined) return []
  const { former } = known
  return objectsIn(consents['purposes']).flatMap((purpose, at) => {
    const path = `consents.purposes[${at}]`
    const id = String(purpose['id'])
    const own = known.purposes.has(id) || former.has(id) ? [] : [`${path}.id`]
    const below = Object.entries(objectIn(purpose['values'])).flatMap(([preference, choice]) => {
      const values = known.preferences.get(preference)
      if (values === undefined && !former.has(preference)) return [`${path}.values`]
      const chosen = String(objectIn(choice)['value'] ?? '')
        .split(',')
        .filter((value) => value !== '')
      return chosen.every((value) => values?.has(value) || former.has(value)) ? [] : [`${path}.values.value`]
    })
    return [...own, ...below]
  })
}

/** The collections of the catalogue, by path below the API's root. */
export function catalogueList(catalogue: CatalogueSeed, path: string, query: URLSearchParams): unknown[] | undefined {
  const { tree, layoutEntities = [] } = catalogue
  const purposes = tree?.selected_purposes ?? []
  const preferences = tree === undefined ? [] : preferencesOf(tree)
  switch (path) {
    case 'config-trees':
      return tree === undefined ? [] : [tree]
    case 'preferences':
      return [...new Map(preferences.map((preference) => [preference.id, preference])).values()]
    case 'metadata/purposes':
      return purposes.map(({ purpose_id: id }) => ({ id }))
    case 'widgets/preferences-centers/layout-entities': {
      const widget = query.get('widget_id')
      return layoutEntities.filter(({ widget_id: id }) => widget === null || id === widget)
    }
    default:
      return undefined
  }
}
