// Limits of the contract: what both sides refuse before they spend memory on it. Settings of one side only (queues,
// timers, rates) live in that side's config.

/** Largest MQTT packet before the CONNECT has been accepted, bytes. */
export const connectPacketBytesMax = 8 * 1024
/** Largest MQTT packet of a device or operator after CONNECT, bytes. */
export const packetBytesMax = 256 * 1024
/** What a device takes in one packet unless its hello says otherwise, and the least it may say. */
export const devicePacketBytesDefault = 32 * 1024
export const devicePacketBytesLeast = 1024

/** Largest envelope (manifest, command or trust document with its signatures), bytes. */
export const envelopeBytesMax = 64 * 1024
/** Largest trust document that travels, bytes: a device writes it with everything else it remembers. */
export const trustDocumentBytesMax = 16 * 1024
/** Largest signed time of the fleet, bytes. */
export const fleetTimeBytesMax = 512
/** Largest signed report of a device, bytes, and its public key (a P-256 key has 91). */
export const deviceReportBytesMax = 4 * 1024
export const reportKeyBytesMax = 256
export const signaturesMax = 8
export const trustKeysMax = 64
export const trustRolesMax = 32

/** Arguments of a command, bytes of UTF-8; with every signature the envelope still fits `envelopeBytesMax`. */
export const commandArgumentsBytesMax = 48 * 1024
/** Deepest nesting of objects and lists in the arguments of a command. */
export const commandArgumentsDepthMax = 32
/** Largest configuration of a device, bytes: base64 of it fits the arguments of a command. */
export const configurationBytesMax = 32 * 1024
/** Output of a command in its event, bytes of UTF-8. */
export const commandOutputBytesMax = 1024

/** Messages from devices, bytes. */
export const helloBytesMax = 16 * 1024
export const eventBytesMax = 8 * 1024
export const progressBytesMax = 1024
export const presenceBytesMax = 256
export const chunkRequestBytesMax = 16 * 1024
export const configurationReportBytesMax = configurationBytesMax + 1024

export const componentsMax = 32
export const prerequisitesMax = 32
export const eventDataMax = 32
export const chunkRangesMax = 1024

/** Largest image, bytes (4 GiB), and largest chunk index, bytes. */
export const imageBytesMax = 4 * 1024 ** 3
export const chunkIndexBytesMax = 8 * 1024 * 1024
/** Bounds of the chunker's settings, bytes. */
export const chunkBytesLeast = 256
export const chunkBytesMax = 1024 * 1024

/** Lengths of a manifest's texts, bytes of UTF-8 (EVENT-CODES: 22, 21, 29). A device may set lower ones. */
export const componentNameBytesMax = 32
export const versionBytesMax = 11
export const uriBytesMax = 255
export const vendorDataBytesMax = 1024

/** A patch: output of one frame, the range of the base it names, and the frame itself, bytes. */
export const patchFrameBytesMax = 1024 * 1024
export const patchBaseBytesMax = 4 * 1024 * 1024
export const patchEncodedBytesMax = 1024 * 1024 + 4096
/** Largest patch that is a way to an image (messages PatchTransport), bytes. */
export const patchTransportBytesMax = 256 * 1024 * 1024

/** A combined package: images, their names and vendor data in bytes (EVENT-CODES: 47, 48, 49), its descriptor. */
export const packageImagesMax = 8
export const packageNameBytesMax = 32
export const packageVendorDataBytesMax = 256
export const packageDescriptorBytesMax = 64 * 1024

/** Recent log of a device, bytes of UTF-8 before and after deflating. */
export const deviceLogBytesMax = 64 * 1024
export const logReportBytesMax = deviceLogBytesMax + 1024

/** Request for a certificate and the certificate itself, DER, bytes. */
export const certificateRequestBytesMax = 4 * 1024
export const certificateBytesMax = 4 * 1024

/** Control message of a broadcast session, bytes. */
export const sessionControlBytesMax = 1024
