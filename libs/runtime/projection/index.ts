export type {
  Projection,
  ProjectionFailure,
  ReadModelReader,
  ReadModelWriter,
} from './projection.js';
export { ReadModelDatabase } from './read-model.database.js';
export {
  ProjectionRuntime,
  type ProjectionRuntimeOptions,
  type RebuiltProjection,
} from './projection.runtime.js';
