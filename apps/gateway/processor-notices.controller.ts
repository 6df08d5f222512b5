import { Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Trouble } from '#platform';
import type { ApiRequest } from './api-request.js';
import { Refuses } from './documented.js';
import { NoticeRoad, type NoticeReceipt } from './notice-road.port.js';
import { ProblemException } from './problem.exception.js';
import { RoadError } from './road.error.js';

const PROCESSOR = /^[a-z0-9_]{1,64}$/;
/** Processors take any 2xx; Adyen's older webhooks look for this text besides. */
const TAKEN = '[accepted]';

/** Where processors tell what happened. Their signature is their credential. */
@ApiTags('Processors')
@Controller('/webhooks')
export class ProcessorNoticesController {
  constructor(
    private readonly road: NoticeRoad,
    private readonly trouble: Trouble,
  ) {}

  /** Takes a webhook of a processor, as it came: answered with 2xx only when it is on record. The same one is taken once. */
  @Post(':processor')
  @HttpCode(200)
  @ApiParam({ name: 'processor', schema: { type: 'string', maxLength: 64 } })
  @ApiResponse({ status: 200, description: 'It is on record.' })
  @Refuses(
    'validation_failed',
    'malformed_json',
    'payload_too_large',
    'signature_invalid',
    'not_found',
    'overloaded',
    'store_unavailable',
    'internal',
  )
  async take(@Req() request: ApiRequest, @Param() params: { processor: string }): Promise<string> {
    const { processor } = params;
    if (!PROCESSOR.test(processor)) throw refusalOf('unknown_processor');
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const receipt = await this.deliver(request, processor, body);
    if (receipt !== 'taken') throw refusalOf(receipt);
    return TAKEN;
  }

  private async deliver(request: ApiRequest, processor: string, body: Buffer) {
    try {
      return await this.road.deliver({ processor, headers: singleHeaders(request) }, body);
    } catch (error) {
      if (!(error instanceof RoadError)) throw error;
      if (error.reason === 'away')
        this.trouble.report(
          `a webhook of ${processor} could not be taken, trace ${request.traceId}`,
          error.cause ?? error,
        );
      throw new ProblemException('store_unavailable', 'It cannot be taken now; send it again.');
    }
  }
}

function refusalOf(receipt: Exclude<NoticeReceipt, 'taken'>): ProblemException {
  switch (receipt) {
    case 'unknown_processor':
      return new ProblemException('not_found', 'No such processor sends webhooks here.');
    case 'signature_invalid':
      return new ProblemException('signature_invalid', 'The signature does not fit the body.');
    case 'malformed':
      return new ProblemException('malformed_json', 'The body cannot be read.');
  }
}

/** A header that came more than once is none: nobody signs two ways. */
function singleHeaders({ headers }: ApiRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}
