import { Injectable } from '@nestjs/common';
import { type ICommand, Saga } from '@nestjs/cqrs';
import { ofDelivery } from '#runtime';
import { type Observable, map } from 'rxjs';
import { DestroyCard } from './payment-lifecycle.commands.js';

/** What follows from what happens to payment methods. */
@Injectable()
export class PaymentMethodSaga {
  @Saga() destroy = (log: Observable<unknown>): Observable<ICommand> =>
    log.pipe(
      ofDelivery('recorded', 'PaymentMethodErased'),
      map((delivery) => new DestroyCard(delivery)),
    );
}
