# syntax=docker/dockerfile:1
FROM node:24-bookworm-slim AS base
WORKDIR /app

FROM base AS build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY console ./console
RUN npm run build && rm dist/.tsbuildinfo

# No install script runs: argon2 brings its compiled code along, and "prepare" has nothing to build without a compiler.
FROM base AS dependencies
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM base
# Inside a container 127.0.0.1 is reached from nowhere else. Contract "ops" stays there on purpose: LISTEN names its
# address, and the health check below runs inside.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    DATA_DIR=/data
RUN install -d -o node -g node -m 0700 /data
COPY package.json ./
COPY bin ./bin
COPY drizzle ./drizzle
COPY src/contracts/account/pages/assets ./src/contracts/account/pages/assets
COPY src/mail/templates ./src/mail/templates
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
# Loads every module, so an image whose native code does not fit is never built.
RUN node bin/keyturn.cjs --version
VOLUME /data
EXPOSE 3000 3001 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9000/livez').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--initial-heap-size=128", "bin/keyturn.cjs"]
CMD ["serve"]
