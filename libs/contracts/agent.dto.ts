import { IsText } from './fields.js';

/** A new agent. */
export class AgentRequest {
  @IsText({ max: 100 })
  name!: string;
}

/** A request that has nothing to say beyond its path. */
export class EmptyRequest {}
