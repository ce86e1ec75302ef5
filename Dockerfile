# The program in an image, for a run, a job of Kubernetes or the receiver. The base image is yours to choose: any with
# Node 24 (20.19 or later works) on glibc or musl, such as a hardened or mirrored one. It needs the npm registry, nothing else:
#
#   docker build --tag registry.example.com/didomi-dataverse:0.1.0 .
#   docker build --build-arg NODE_IMAGE=mirror.example.com/node:24-alpine .
#
# The image runs with a read-only root file system: it writes to its state folder, which is a volume, and to /tmp.
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

# TypeScript to JavaScript, with the tools that the image itself does not get.
FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
RUN npm ci --no-audit --no-fund
COPY src ./src
COPY jobs ./jobs
RUN npm run build && rm dist/build.tsbuildinfo && chmod 0755 dist/src/cli.js && mkdir state

# What the program needs to run: exactly what the lock file says, and no install script is run.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY LICENSE package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /build/dist ./dist
RUN ln -s /app/dist/src/cli.js /usr/local/bin/didomi-dataverse
# A volume mounted here belongs to the user below from the start.
COPY --from=build --chown=10001:10001 --chmod=0700 /build/state /var/lib/didomi-dataverse
WORKDIR /var/lib/didomi-dataverse
# A number, so that runAsNonRoot can tell without asking the image who it is.
USER 10001:10001
ENTRYPOINT ["didomi-dataverse"]
CMD ["--help"]
