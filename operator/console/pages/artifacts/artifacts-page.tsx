// The page Artifacts, loaded when it is opened first.
import { later } from '../../parts/later.tsx'

export const ArtifactsPage = later(async () => (await import('./artifacts.tsx')).Artifacts)
