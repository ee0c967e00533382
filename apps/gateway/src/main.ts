import 'reflect-metadata';
import { start } from '@castad/platform';
import { setUpHttp } from './http.ts';
import { GatewayModule } from './gateway.module.ts';

await start(GatewayModule, { http: setUpHttp });
