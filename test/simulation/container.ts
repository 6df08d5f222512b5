import 'reflect-metadata';
import { CommandBus } from '@nestjs/cqrs';
import type { Observable, Subject } from 'rxjs';

type Class<T = unknown> = abstract new (...args: never[]) => T;
type Token = Class | string | { token: Class; optional?: boolean };

interface Factory {
  provide: Class;
  inject?: readonly Token[];
  useFactory: (...args: unknown[]) => unknown;
}

/**
 * Makes what Nest's modules list, from the same decorators, in microseconds: a simulation starts thousands of processes a
 * minute. Everything is a singleton; the ports come in from outside.
 */
export class Container {
  private readonly made = new Map<unknown, unknown>();
  private readonly factories = new Map<unknown, Factory>();

  constructor(ports: ReadonlyMap<unknown, unknown>) {
    for (const [token, port] of ports) this.made.set(token, port);
  }

  /** Providers and controllers of a module; the controllers and command handlers among them, made. */
  load(module: Class): { controllers: object[]; handlers: object[] } {
    const providers = listed<Class | Factory>('providers', module);
    for (const provider of providers)
      if (typeof provider === 'object') this.factories.set(provider.provide, provider);
    const classes = providers.filter((each): each is Class => typeof each === 'function');
    const controllers = listed<Class>('controllers', module).map(
      (each) => this.get(each) as object,
    );
    const handlers = classes
      .filter((each) => Reflect.hasMetadata('__commandHandler__', each))
      .map((each) => this.get(each) as object);
    return { controllers, handlers };
  }

  get<T>(token: Class<T>): T {
    if (!this.made.has(token)) this.made.set(token, this.make(token));
    return this.made.get(token) as T;
  }

  private make(token: Class): unknown {
    const factory = this.factories.get(token);
    if (factory) return factory.useFactory(...(factory.inject ?? []).map((each) => this.of(each)));
    const parameters = (Reflect.getMetadata('design:paramtypes', token) ?? []) as Class[];
    return new (token as new (...args: unknown[]) => unknown)(
      ...parameters.map((each) => this.get(each)),
    );
  }

  private of(token: Token): unknown {
    if (typeof token === 'object') {
      const known = this.made.has(token.token) || this.factories.has(token.token);
      return known || !token.optional ? this.get(token.token) : undefined;
    }
    return this.get(token as Class);
  }
}

function listed<T>(what: string, module: Class): T[] {
  return (Reflect.getMetadata(what, module) ?? []) as T[];
}

/** Subject and handler of every `@MessagePattern`. */
export function patternsOf(
  controller: object,
): { subject: string; handler: (payload: unknown) => unknown }[] {
  const prototype = Object.getPrototypeOf(controller) as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const method = prototype[name];
    if (typeof method !== 'function') return [];
    const patterns = (Reflect.getMetadata('microservices:pattern', method) ?? []) as string[];
    const handler = (payload: unknown): unknown => method.call(controller, payload);
    return patterns.map((subject) => ({ subject, handler }));
  });
}

/** A bus that knows these handlers. */
export function commandBusOver(handlers: readonly object[], bus: CommandBus): void {
  bus.register(
    handlers.map(
      (instance) => ({ instance, inject: [], isDependencyTreeStatic: () => true }) as never,
    ),
  );
}

/** Lets the `@Saga` observables of an instance turn what is published into commands. */
export function connectSagas(sagas: object, published: Subject<unknown>, bus: CommandBus): void {
  const names = (Reflect.getMetadata('__saga__', sagas.constructor) ?? []) as string[];
  for (const name of names) {
    const saga = (sagas as Record<string, (log: Observable<unknown>) => Observable<object>>)[name];
    saga?.call(sagas, published).subscribe((command) => void bus.execute(command as never));
  }
}
