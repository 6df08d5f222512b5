import { DeliveryCommand } from '#runtime';

/** What the sagas ask for; each does one thing about one delivery. */
export class JudgePayment extends DeliveryCommand {}
export class StartAttempt extends DeliveryCommand {}
export class ConfirmAttempt extends DeliveryCommand {}
export class ScreenCapture extends DeliveryCommand {}
export class CallCapture extends DeliveryCommand {}
export class CallVoid extends DeliveryCommand {}
export class CallRefund extends DeliveryCommand {}
export class RouteAttempt extends DeliveryCommand {}
export class CallMerchant extends DeliveryCommand {}
export class Schedule extends DeliveryCommand {}
export class RunProbe extends DeliveryCommand {}
export class ExpireApproval extends DeliveryCommand {}
export class ExpireAuthorization extends DeliveryCommand {}
export class SettleBudget extends DeliveryCommand {}
export class DestroyCard extends DeliveryCommand {}
export class ApplyNotice extends DeliveryCommand {}
export class RetryParked extends DeliveryCommand {}
