import { IsFormed, IsMinorUnits, IsText } from './fields.js';

export class CaptureRequest {
  /** Minor units of the payment's currency; default: all that is held. What is not captured is let go. */
  @IsMinorUnits({ optional: true })
  amount?: number;
}

export class RefundRequest {
  /** Minor units of the payment's currency; default: all that is left. */
  @IsMinorUnits({ optional: true })
  amount?: number;

  @IsText({ max: 200 })
  reason!: string;
}

export class ApproveRequest {
  /** `approval.fingerprint` of the payment as it was looked at: refused when it is another one. */
  @IsFormed({
    pattern: /^[0-9a-f]{64}$/,
    form: 'the fingerprint of an approval',
    optional: true,
  })
  fingerprint?: string;
}

export class DenyRequest {
  @IsText({ max: 200, optional: true })
  reason?: string;
}
