import { Controller, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import { type Messages, deriveId } from '#contracts';
import type { StaffRole } from '#domain';
import { Clock } from '#platform';
import { ToTenant } from './actors.js';
import { metaOfCause } from './calls.js';
import { InstanceKeys } from './instance-keys.js';

type Create = Messages['commands.tenant.create'];
const ROLES: readonly StaffRole[] = ['operator', 'approver', 'auditor'];

/** Not on any door that agents or operators reach: the owner of the machine creates tenants. */
@Controller()
@UseFilters(AsItIs)
export class TenantsController {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly clock: Clock,
    private readonly keys: InstanceKeys,
  ) {}

  @MessagePattern('commands.tenant.create')
  async create(@Payload() { name }: Create['request']): Promise<Create['reply']> {
    const stream = deriveId('tenant', name);
    const id = `tnt_${stream}`;
    const keys = ROLES.map((role) => ({ role, ...this.keys.issue(`${id}/${role}`) }));
    const told = await this.commandBus.execute(
      new ToTenant(
        stream,
        {
          type: 'CreateTenant',
          id,
          name,
          keys: keys.map(({ id: key, role, hash }) => ({ id: key, role, hash })),
          nowMs: this.clock.now(),
        },
        metaOfCause({
          commandId: stream,
          correlationId: id,
          causationId: stream,
          tenant: id,
          traceparent: null,
        }),
      ),
    );
    if (!told.ok) throw new Error(`tenant ${name} could not be created: ${told.code}`);
    const of = (role: StaffRole) => ({ key: keys.find((each) => each.role === role)?.key ?? '' });
    return {
      tenant: id,
      operator: of('operator'),
      approver: of('approver'),
      auditor: of('auditor'),
    };
  }
}
