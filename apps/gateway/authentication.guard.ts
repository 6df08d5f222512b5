import {
  type CanActivate,
  type CustomDecorator,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UseGuards,
  applyDecorators,
} from '@nestjs/common';
import { Bus } from '#bus';
import { type Messages, type Principal, hashKey, parseApiKey } from '#contracts';
import type { Access, ApiRequest } from './api-request.js';
import { ProblemException } from './problem.exception.js';

const ROLES = Symbol('roles that may call a handler');
export type Role = Principal['role'];

/** Only principals of these roles get in, each as themselves. */
export function Allow(...roles: Role[]): MethodDecorator {
  const note: CustomDecorator<symbol> = SetMetadata(ROLES, roles);
  return applyDecorators(note, UseGuards(AuthenticationGuard));
}

@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(private readonly bus: Bus<Messages>) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<ApiRequest>();
    const access = await this.authenticate(request.headers.authorization);
    const roles = Reflect.getMetadata(ROLES, context.getHandler()) as readonly Role[];
    if (!roles.includes(access.principal.role))
      throw new ProblemException('forbidden', `This is not for the role ${access.principal.role}.`);
    request.access = access;
    return true;
  }

  /** One refusal for all: nothing tells a wrong key from an unknown or a revoked one. */
  private async authenticate(authorization: string | undefined): Promise<Access> {
    const key = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '';
    const parsed = parseApiKey(key);
    const access =
      parsed &&
      (await this.bus.request('queries.access.authenticate', {
        key: parsed.id,
        hash: hashKey(key),
      }));
    if (!access)
      throw new ProblemException('unauthenticated', 'A valid API key is required as Bearer token.');
    return access;
  }
}

/** Who asks. The guard ran before every handler that calls this. */
export function accessOf({ access }: ApiRequest): Access {
  if (!access) throw new Error('the handler has no authentication guard');
  return access;
}
