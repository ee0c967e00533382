# One image per service: docker build --build-arg APP=apps/gateway .
# APP is apps/gateway, apps/lyric-service, apps/song-service, apps/video-service, apps/storage-service or cli.
FROM node:24-bookworm-slim AS node
WORKDIR /castad

# What decides about packages, apart from the code: a change of code alone installs nothing again.
FROM node AS manifests
COPY . .
RUN mkdir /manifests && cp --parents package.json package-lock.json .npmrc cli/package.json */*/package.json /manifests

FROM node AS build
COPY --from=manifests /manifests .
RUN npm ci
COPY . .
RUN npx nest build --all

FROM node AS packages
ARG APP
COPY --from=manifests /manifests .
RUN npm ci --omit=dev --workspace $APP

# The stand-ins for OpenAI, Suno and Creatomate: plain TypeScript that needs no packages.
FROM node AS stand-in
COPY package.json .
COPY sandbox sandbox
USER node

FROM node AS service
ARG APP
ENV NODE_ENV=production APP=$APP
COPY package.json .
COPY --from=packages /castad/node_modules node_modules
COPY --from=build /castad/dist/$APP dist/$APP
USER node
EXPOSE 3000
CMD ["sh", "-c", "exec node --enable-source-maps --max-semi-space-size=16 dist/$APP/main.js"]
