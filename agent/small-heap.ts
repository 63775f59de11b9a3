// Imported first by the program of the agent: V8 keeps what is young in little memory. It would let this part of its heap
// grow to 48 MiB while a large image passes through, and all that is young here are pieces of it, used once.
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--semi-space-growth-factor=1')
