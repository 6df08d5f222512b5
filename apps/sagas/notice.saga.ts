import { Injectable } from '@nestjs/common';
import { type ICommand, Saga } from '@nestjs/cqrs';
import { ofDelivery } from '#runtime';
import { type Observable, map } from 'rxjs';
import { ApplyNotice } from './payment-lifecycle.commands.js';

/** What follows from what processors tell unasked. */
@Injectable()
export class NoticeSaga {
  @Saga() apply = (log: Observable<unknown>): Observable<ICommand> =>
    log.pipe(
      ofDelivery('recorded', 'NoticeReceived'),
      map((delivery) => new ApplyNotice(delivery)),
    );
}
