// What is fetched in one piece as soon as somebody looks at one operation or makes one. One piece and not one for each part:
// gzip finds again what it has seen in the same file only.
export { OperationForm } from './new-operation/operation-form.tsx'
export { OperationDrawer } from './operations/operation-drawer.tsx'
