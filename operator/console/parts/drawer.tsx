// The pane at the side that shows one thing of a list: opened by the address, closed by Escape or its button. The list stays
// in reach; the focus goes to the heading, and back to where it was.
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { navigate } from '../state/route.ts'

interface DrawerProps {
  readonly title: string
  /** Beside the title. */
  readonly extra?: ComponentChildren
  /** Address without it. */
  readonly closeTo: string
  readonly children: ComponentChildren
}

export function Drawer({ title, extra, closeTo, children }: DrawerProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  const id = useId()
  useEffect(() => {
    const before = document.activeElement
    heading.current?.focus()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  useEffect(() => {
    const key = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && !event.defaultPrevented && document.querySelector('dialog[open]') === null)
        navigate(closeTo)
    }
    addEventListener('keydown', key)
    return () => removeEventListener('keydown', key)
  }, [closeTo])
  return (
    <aside class="drawer" aria-labelledby={id}>
      <header>
        <h2 id={id} ref={heading} tabIndex={-1}>
          {title}
        </h2>
        {extra}
        <button type="button" class="quiet close" aria-label="Close" onClick={() => navigate(closeTo)}>
          ✕
        </button>
      </header>
      <div class="drawer-body">{children}</div>
    </aside>
  )
}
