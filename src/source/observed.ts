/** What a bucket or folder is asked for, as spans: how many objects a listing had, how long a copy took; no key. */

import { errorType, type Observer, spanned } from '../observe/observer.ts'
import type { ObjectSink } from './object-sink.ts'
import type { ObjectStore } from './object-store.ts'

/** Tells of listings. What reading takes is told by who reads: it goes on while others wait. */
export function observedStore<Store extends ObjectStore>(store: Store, observer: Observer | undefined): Store {
  if (observer === undefined) return store
  const list: ObjectStore['list'] = async function* (prefix, signal) {
    const span = observer.open('list objects', {})
    let objects = 0
    try {
      for await (const object of store.list(prefix, signal)) {
        objects += 1
        yield object
      }
    } catch (error) {
      span.set({ 'error.type': errorType(error) })
      throw error
    } finally {
      span.set({ 'didomi_dataverse.objects': objects })
      span.end()
    }
  }
  return { ...store, list }
}

/** Tells of every object that is put somewhere: a copy in the archive, a report. */
export function observedSink<Sink extends ObjectSink>(sink: Sink, observer: Observer | undefined): Sink {
  if (observer === undefined) return sink
  const put: ObjectSink['put'] = (key, size, bytes, signal) =>
    spanned(observer, 'put object', { 'didomi_dataverse.bytes': size }, () => sink.put(key, size, bytes, signal))
  return { ...sink, put }
}
