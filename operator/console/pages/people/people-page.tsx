// People and services under Admin, loaded when the page is opened first.
import { later } from '../../parts/later.tsx'

export const PeoplePage = later(async () => (await import('./people.tsx')).People)
