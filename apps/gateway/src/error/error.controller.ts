import { NotFound } from '@castad/platform';
import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { catalogue } from './catalogue.ts';
import { catalogPage, codePage } from './pages.ts';

/** Where the `type` of a problem leads: a page for each code, for the person who reads the answer. */
@ApiExcludeController()
@Controller('errors')
export class ErrorController {
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  all(): string {
    return catalogPage(catalogue);
  }

  @Get(':code')
  @Header('content-type', 'text/html; charset=utf-8')
  one(@Param('code') code: string): string {
    const entry = catalogue.find(known => known.code === code);
    if (!entry) throw new NotFound('NOT_FOUND', 'There is no such error code.');
    return codePage(entry);
  }
}
