/** A state without what was said up to an instant: what remains of a person after an erasure (semantics §8.9). */

import { type Mark, parseState, type State, stateText } from './state.ts'
import type { Instant } from './time.ts'

/**
 * The parts that were said later than `until`, by their own times: a line's `asOf`, an event's `hi`. Every part of a
 * state is a maximum, so the parts of a join are the join of the parts: it makes no difference whether lines are
 * dropped before they are joined or afterwards.
 */
export function stateAfter({ said, events, attributes }: State, until: Instant): State {
  return {
    said: marksAfter(said, until),
    events: marksAfter(events, until),
    attributes: valuesAfter(attributes, until),
  }
}

/** The same on a state's text; `undefined` where nothing is left, the very text where nothing was dropped. */
export function textAfter(text: string, until: Instant): string | undefined {
  const rest = stateAfter(parseState(text), until)
  return rest.said.size + rest.events.size + rest.attributes.size === 0 ? undefined : stateText(rest)
}

/** Both kinds of marks begin with the time that counts. */
const isAfter = (mark: Mark, until: Instant): boolean => Number(mark[0]) > until

function marksAfter<M extends Mark>(
  byKey: ReadonlyMap<string, ReadonlyMap<string, M>>,
  until: Instant,
): Map<string, ReadonlyMap<string, M>> {
  const rest = [...byKey].map(
    ([key, byChoice]) => [key, new Map([...byChoice].filter(([, mark]) => isAfter(mark, until)))] as const,
  )
  return new Map(rest.filter(([, byChoice]) => byChoice.size > 0))
}

function valuesAfter(attributes: State['attributes'], until: Instant): State['attributes'] {
  const rest = [...attributes].map(([name, marks]) => [name, marks.filter((mark) => isAfter(mark, until))] as const)
  return new Map(rest.filter(([, marks]) => marks.length > 0))
}
