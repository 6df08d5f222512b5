import { type DynamicModule, type InjectionToken, Module } from '@nestjs/common';

type Provided = readonly (readonly [token: InjectionToken, value: unknown])[];

/** The ports of one process, for all of its modules. */
@Module({})
export class RolePorts {
  static of(provided: Provided): DynamicModule {
    const providers = provided.map(([provide, useValue]) => ({ provide, useValue }));
    const exports = providers.map(({ provide }) => provide);
    return { module: RolePorts, global: true, providers, exports };
  }
}

/** Nothing but what it imports. */
@Module({})
export class RoleModule {
  static of(...imports: NonNullable<DynamicModule['imports']>): DynamicModule {
    return { module: RoleModule, imports };
  }
}
