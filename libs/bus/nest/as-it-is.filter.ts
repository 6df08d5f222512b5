import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';

/** Lets an error reach the bus as it is; by default Nest turns it into "internal server error" and its name is lost. */
@Catch()
export class AsItIs implements RpcExceptionFilter {
  catch(error: Error): Observable<never> {
    return throwError(() => error);
  }
}
