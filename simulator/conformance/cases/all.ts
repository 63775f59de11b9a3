// Every case, in the order of the card: what others rest on comes first.
import type { Case } from '../case.ts'
import { broadcastCases } from './broadcast.ts'
import { chunkCases } from './chunks.ts'
import { commandCases } from './commands.ts'
import { offerCases } from './offers.ts'
import { orderCases } from './order.ts'
import { outboxCases } from './outbox.ts'
import { powerCases } from './power.ts'
import { sessionCases } from './session.ts'
import { validationCases } from './validation.ts'
import { weatherCases } from './weather.ts'

export const allCases: readonly Case[] = [
  ...sessionCases.filter(({ name }) => name !== 'keep-alive'),
  ...outboxCases,
  ...offerCases,
  ...validationCases,
  ...orderCases,
  ...commandCases,
  ...chunkCases,
  ...broadcastCases,
  ...powerCases,
  ...weatherCases,
  // It takes the longest, and nothing rests on it.
  ...sessionCases.filter(({ name }) => name === 'keep-alive'),
]
