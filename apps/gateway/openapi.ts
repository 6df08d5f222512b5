import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { PROBLEMS, PROBLEM_CODES } from '#contracts';

/** The OpenAPI 3.1 document, from the controllers and the classes of requests and answers. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Bursar')
    .setDescription('The payment orchestration layer for AI agents. Amounts are minor units.')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'bk_<live|test>_<id>_<secret>' })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) =>
      `${controller.replace(/Controller$/, '')}_${method}`,
  });
  for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
    if (!('type' in schema)) continue;
    if (name.endsWith('Request')) schema.additionalProperties = false;
    if (name === 'ProblemResource') schema.properties = { ...schema.properties, code: everyCode() };
  }
  return document;
}

/** Also of operations that come later: an agent can know them all beforehand. */
function everyCode() {
  const meanings = PROBLEM_CODES.map((code) => `\`${code}\` (${PROBLEMS[code].status})`);
  return { type: 'string', enum: PROBLEM_CODES, description: meanings.join(', ') };
}

/** Serves the document at `/openapi.json` and a page to read it at `/docs`, from this machine only. */
export function serveDocumentation(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Bursar',
  });
}
