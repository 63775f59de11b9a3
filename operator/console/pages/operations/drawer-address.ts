// What of the address belongs to the drawer of an operation: gone when another one is opened, or none.
export const drawerParameters = {
  operation: undefined,
  tab: undefined,
  state: undefined,
  device: undefined,
  devicesAfter: undefined,
  recordsAfter: undefined,
  resultsAfter: undefined,
} as const
