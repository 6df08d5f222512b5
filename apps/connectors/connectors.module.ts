import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { ConnectorsController } from './connectors.controller.js';
import { ProcessorEffects } from './processor-effects.js';

/** Performs effects; the only process that holds processors' keys. */
@Module({})
export class ConnectorsModule {
  /** `ports` must export Bus, Clock, Trouble, ProcessorRegistry and FraudScreen. */
  static with(ports: Type | DynamicModule): DynamicModule {
    return {
      module: ConnectorsModule,
      imports: [ports],
      controllers: [ConnectorsController],
      providers: [ProcessorEffects],
    };
  }
}
